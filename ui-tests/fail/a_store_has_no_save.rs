use portcullis::store::{MemoryStore, Record, SessionStore};

async fn write_back(store: MemoryStore, record: Record) {
    store.save(record).await;
}

fn main() {}
