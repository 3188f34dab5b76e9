//! Step for step, it does what the memory store does.

use portcullis::store::{
    Delete, DeleteByUser, End, Insert, ListByUser, Load, MemoryStore, Record, RecordId, RecordKind,
    RedisStore, Restore, Rotate, SessionStore, StoreError, Touch, Update, Version,
};

use super::{
    records::{id, now, series, session, stranger, user},
    servers, store_in, store_on,
};

#[tokio::test(flavor = "multi_thread")]
async fn it_does_what_the_memory_store_does_on_one_server() {
    let Some(server) = servers::redis().await else {
        return;
    };
    for seed in 1..=4 {
        let store = store_on(&server).await;
        agree(store.key_prefix(&format!("{}:{seed}", server.prefix)), seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_what_the_memory_store_does_on_a_cluster() {
    let Some(cluster) = servers::redis_cluster().await else {
        return;
    };
    for seed in 11..=13 {
        let store = store_in(&cluster).await;
        agree(
            store.key_prefix(&format!("{}:{seed}", cluster.prefix)),
            seed,
        )
        .await;
    }
}

async fn agree(redis: RedisStore, seed: u64) {
    let (memory, mut dice) = (MemoryStore::new(), Dice(seed));
    for number in 0..300 {
        let (step, said, expected) = step(&mut dice, &redis, &memory).await;
        assert_eq!(said, expected, "seed {seed}, step {number}: {step}");
        let (said, expected) = (look(&redis).await, look(&memory).await);
        assert_eq!(said, expected, "after seed {seed}, step {number}: {step}");
    }
}

/// Two users and two homes of strangers, in four parts and so on several nodes.
const HOMES: [u16; 2] = [0x0010, 0x7770];
const STRANGE: [u16; 2] = [0x0013, 0xbbb0];

/// Does one step on both; tells which, and what each said.
async fn step(
    dice: &mut Dice,
    redis: &RedisStore,
    memory: &MemoryStore,
) -> (&'static str, String, String) {
    macro_rules! both {
        ($name:literal $method:ident $step:expr) => {{
            let step = $step;
            let said = said(redis.$method(step.clone()).await);
            ($name, said, said_by(memory.$method(step).await))
        }};
    }
    let home = dice.of(HOMES);
    match dice.below(16) {
        0..3 => both!("insert" insert {
            let mut step = Insert::new(dice.new_record(home), now());
            (step.series, step.ends_series) = dice.extras(&step.record);
            step.at_most = dice.at_most(&step.record);
            step
        }),
        3..6 => both!("rotate" rotate {
            let old = dice.any_id();
            let mut step = Rotate::new(old, dice.version(), dice.new_record(home), now());
            (step.series, step.ends_series) = dice.extras(&step.new);
            (step.at_most, step.end_others) = (dice.at_most(&step.new), dice.below(5) == 0);
            step
        }),
        6..9 => both!("restore" restore {
            let mut next = series(home, dice.below(5));
            let version = dice.version();
            next.version = version.next();
            let mut restored = session(home, dice.below(7));
            restored.series = Some(next.id);
            let mut step = Restore::new(version, next, restored, now());
            step.at_most = dice.at_most(&step.session);
            step.ends_session = dice.maybe(4).then(|| id(home, dice.below(7)));
            step
        }),
        9 => both!("update" update {
            let (kind, id) = (dice.kind(), dice.any_id());
            Update::new(kind, id, dice.version(), vec![dice.below(9) as u8].into(), now())
        }),
        10 => both!("touch" touch {
            let later = now().plus(std::time::Duration::from_secs(7_200));
            Touch::new(dice.kind(), dice.any_id(), later, dice.seen(), now())
        }),
        11 => both!("delete" delete { Delete::new(dice.kind(), dice.any_id()) }),
        12..14 => both!("end" end {
            let mut step = End::new();
            step.session = dice.maybe(2).then(|| dice.any_id());
            step.series = dice.maybe(2).then(|| id(dice.of(HOMES), dice.below(5)));
            step
        }),
        _ => both!("delete_by_user" delete_by_user {
            let mut step = DeleteByUser::new(user(home));
            step.except = dice.maybe(2).then(|| dice.any_id());
            step
        }),
    }
}

fn said<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    format!("{answer:?}")
}

use said as said_by;

/// All that is there.
async fn look<S: SessionStore>(store: &S) -> Vec<Record> {
    let mut all = Vec::new();
    for home in HOMES {
        for kind in RecordKind::ALL {
            let mut of_user = store
                .list(ListByUser::new(kind, user(home), now()))
                .await
                .unwrap();
            of_user.sort_by_key(|record| record.id);
            all.extend(of_user);
        }
    }
    for home in HOMES.into_iter().chain(STRANGE) {
        for rest in 0..7 {
            let step = Load::new(RecordKind::Session, id(home, rest), now());
            all.extend(store.load(step).await.unwrap());
        }
    }
    all
}

/// Random numbers that come again with the seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn maybe(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    fn of(&mut self, homes: [u16; 2]) -> u16 {
        homes[usize::from(self.maybe(2))]
    }

    fn any_id(&mut self) -> RecordId {
        let homes = if self.maybe(4) { STRANGE } else { HOMES };
        id(self.of(homes), self.below(7))
    }

    fn kind(&mut self) -> RecordKind {
        [RecordKind::Session, RecordKind::Series][usize::from(self.maybe(3))]
    }

    fn version(&mut self) -> Version {
        if self.maybe(6) {
            Version::FIRST.next()
        } else {
            Version::FIRST
        }
    }

    fn at_most(&mut self, new: &Record) -> Option<u32> {
        let most = self.below(12) as u32;
        (most < 4 && new.kind == RecordKind::Session).then_some(most)
    }

    fn seen(&mut self) -> portcullis::Timestamp {
        portcullis::Timestamp::from_unix_seconds(self.below(20))
    }

    fn new_record(&mut self, home: u16) -> Record {
        if self.maybe(5) {
            let strange = self.of(STRANGE);
            return stranger(strange, self.below(7));
        }
        let mut record = session(home, self.below(7));
        (record.seen, record.created) = (self.seen(), self.seen());
        if self.maybe(2) {
            record.series = Some(id(home, self.below(5)));
        } else if self.maybe(8) {
            record.kind = RecordKind::OneTime;
        }
        record
    }

    /// A series to begin, and one to end.
    fn extras(&mut self, record: &Record) -> (Option<Record>, Option<RecordId>) {
        let begun = record.series.filter(|_| self.maybe(2)).map(|id| {
            let mut begun = record.clone();
            (begun.kind, begun.id, begun.series) = (RecordKind::Series, id, None);
            begun
        });
        let home = self.of(HOMES);
        (begun, self.maybe(5).then(|| id(home, self.below(5))))
    }
}
