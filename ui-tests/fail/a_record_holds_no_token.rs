use portcullis::store::Insert;

fn peek(step: Insert) {
    let _ = step.record.token;
}

fn main() {}
