#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{
    Allowed, Anonymous, Authenticated, Fresh, Granted, Login, LoginError, OneMinute, Pending,
    Session,
};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn stranger(session: Session<Anonymous>) {
    let _ = session.next_or("/");
}

async fn pending(session: Session<Pending<User>>) {
    let _ = (session.user(), (*session).user());
    let _ = session.next_or("/");
}

macro_rules! logged_in {
    ($($name:ident: $state:ty;)*) => {$(
        async fn $name(session: Session<$state>, login: Login<User>) -> Result<(), LoginError> {
            let by: &$state = &session;
            let _ = (&by.name, by.user(), by.info(), by.revoked());
            let _ = (&session.name, session.user(), session.info());
            let _: Granted<User, MayCancel, _> = login.allow_with(by, Order, &Db).await?;
            session.recheck().await?;
            let _ = session.next_or("/");
            Ok(())
        }
    )*};
}

logged_in! {
    user: Authenticated<User>;
    fresh: Fresh<User>;
    within: Minute;
    permitted: Club;
}

async fn again(a: Authenticated<User>, b: Fresh<User>, c: Minute) -> Result<(), LoginError> {
    let _: (Authenticated<User>, Fresh<User>, Minute) =
        (a.recheck().await?, b.recheck().await?, c.recheck().await?);
    Ok(())
}

fn narrowed(a: Authenticated<User>, b: Fresh<User>, c: Minute) -> Result<Minute, LoginError> {
    a.into_fresh_within::<OneMinute>()?;
    b.into_fresh_within::<OneMinute>()?;
    c.into_fresh_within()
}

fn managed(login: &Login<User>, fresh: &Fresh<User>, within: &Minute) {
    let _ = (login.sessions(fresh), login.sessions(within));
}

fn object(order: Granted<User, MayCancel, Order>) -> Order {
    let _: (&User, &Order) = (order.granted_to(), &order);
    order.into_object()
}

fn main() {
    let _ = (stranger, pending, user, fresh, within, permitted);
    let _ = (again, narrowed, managed, object);
}
