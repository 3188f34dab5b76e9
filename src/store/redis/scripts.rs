//! The scripts, one to a step, each behind the functions that all share.

use std::sync::LazyLock;

use redis::Script;

/// A script from `records.lua` and the files named.
macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident: $($file:literal)+;)*) => {
        $($(#[$doc])* pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(
                include_str!("records.lua"),
                $(include_str!($file),)+
            ))
        });)*
    };
}

scripts! {
    /// Insert and rotate.
    ADD: "surplus.lua" "add.lua";
    UPDATE: "update.lua";
    RESTORE: "surplus.lua" "restore.lua";
    TOUCH: "touch.lua";
    /// Delete and end.
    END: "end.lua";
    LIST: "list.lua";
    DELETE_BY_USER: "delete_by_user.lua";
    /// Before `ADD`, where a cluster needs several steps.
    RESERVE: "reserve.lua";
    /// After it.
    TAKE: "take.lua";
}
