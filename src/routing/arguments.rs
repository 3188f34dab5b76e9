//! Functions of none to sixteen arguments.

use std::future::{Future, ready};

use axum::{
    body::Body,
    extract::Request,
    http::request::Parts,
    response::{IntoResponse, Response},
};

use crate::routing::{
    handler::{
        Access, Argument, Arguments, Asks, Function, Handler, LastArgument, NoArguments, Others,
        Takes, answer, sealed,
    },
    mounted::Guarded,
};

/// The arguments in order.
macro_rules! arguments {
    ($first:ident $($other:ident)*) => {
        impl<$first, $($other,)*> sealed::Arguments for ($first, $($other,)*) {}

        impl<$first, $($other,)*> Arguments for ($first, $($other,)*) {
            type First = $first;
            type Others = ($($other,)*);

            #[allow(non_snake_case)]
            fn of(first: $first, ($($other,)*): Self::Others, _: sealed::Seal) -> Self {
                (first, $($other,)*)
            }
        }

        function!($first $($other)*);
    };
}

impl sealed::Arguments for () {}

impl Arguments for () {
    type First = NoArguments;
    type Others = ();

    fn of(never: NoArguments, (): (), _: sealed::Seal) -> Self {
        match never {}
    }
}

/// How a function of these arguments is called.
macro_rules! function {
    ($($all:ident)*) => {
        impl<F, R, $($all,)*> sealed::Function<($($all,)*)> for F
        where
            F: FnOnce($($all),*) -> R,
        {
            type Output = R;

            #[allow(non_snake_case)]
            fn call(self, ($($all,)*): ($($all,)*)) -> R {
                self($($all),*)
            }
        }

        impl<F, R, $($all,)*> Function<($($all,)*)> for F where
            F: FnOnce($($all),*) -> R + Clone + Send + Sync + 'static
        {
        }

        impl<F, R, M, S, $($all,)*> Handler<($($all,)*), M, S> for F
        where
            F: FnOnce($($all),*) -> R + Clone + Send + Sync + 'static,
            R: Future<Output: IntoResponse> + Send,
            S: Clone + Send + Sync + 'static,
            $($all: Send + 'static,)*
            M: 'static,
        {
            type Call = Guarded<S>;

            fn into_call<First, W>(self, _: sealed::Seal) -> Guarded<S>
            where
                Self: Asks<First::Guard, S, W> + Takes<($($all,)*), First, M, S>,
                First: Access + 'static,
                W: 'static,
            {
                Guarded::new(move |request, state| {
                    Box::pin(answer::<F, ($($all,)*), First, M, S, W>(self.clone(), request, state))
                })
            }
        }
    };
}

/// All arguments but the first. Of these the last may take the body.
macro_rules! others {
    ($($middle:ident)*) => {
        impl<M, S, $($middle,)* Last> Others<M, S> for ($($middle,)* Last,)
        where
            $($middle: Argument<S> + Send,)*
            Last: LastArgument<S, M> + Send,
            S: Send + Sync,
        {
            // Not an `async fn`, whose future would hold the request twice.
            #[allow(non_snake_case, unused_mut)]
            fn extract(
                mut parts: Parts,
                body: Body,
                state: &S,
                _: sealed::Seal,
            ) -> impl Future<Output = Result<Self, Response>> + Send {
                async move {
                    $(let $middle = $middle::from_request_parts(&mut parts, state).await.map_err(IntoResponse::into_response)?;)*
                    let request = Request::from_parts(parts, body);
                    let last = Last::from_request(request, state).await.map_err(IntoResponse::into_response)?;
                    Ok(($($middle,)* last,))
                }
            }
        }
    };
}

impl<S: Sync> Others<(), S> for () {
    fn extract(
        _: Parts,
        _: Body,
        _: &S,
        _: sealed::Seal,
    ) -> impl Future<Output = Result<Self, Response>> + Send {
        ready(Ok(()))
    }
}

function!();
arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
arguments!(A B C D E G);
arguments!(A B C D E G H);
arguments!(A B C D E G H I);
arguments!(A B C D E G H I J);
arguments!(A B C D E G H I J K);
arguments!(A B C D E G H I J K L);
arguments!(A B C D E G H I J K L N);
arguments!(A B C D E G H I J K L N O);
arguments!(A B C D E G H I J K L N O P);
arguments!(A B C D E G H I J K L N O P Q);
arguments!(A B C D E G H I J K L N O P Q T);

others!();
others!(B);
others!(B C);
others!(B C D);
others!(B C D E);
others!(B C D E G);
others!(B C D E G H);
others!(B C D E G H I);
others!(B C D E G H I J);
others!(B C D E G H I J K);
others!(B C D E G H I J K L);
others!(B C D E G H I J K L N);
others!(B C D E G H I J K L N O);
others!(B C D E G H I J K L N O P);
others!(B C D E G H I J K L N O P Q);
