use portcullis::store::{Record, RecordId, RecordKind, Token};

fn keep(id: RecordId, token: Token) -> Record {
    Record::new(
        RecordKind::Session,
        id,
        token,
        portcullis::Timestamp::from_unix_seconds(0),
        vec![],
    )
}

fn main() {}
