//! Functions of none to sixteen arguments.

use std::future::{Future, ready};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
    response::{IntoResponse, Response},
};

use crate::routing::{
    handler::{Access, Arguments, Ask, Extract, Function, Handler, NoArguments, answer, sealed},
    mounted::Guarded,
};

/// The arguments in order; of those after the first, the last may take the body.
macro_rules! arguments {
    ($first:ty; $($all:ident)*) => {
        impl<$($all,)*> sealed::Arguments for ($($all,)*) {}

        impl<$($all,)*> Arguments for ($($all,)*) {
            type First = $first;
        }

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
                First: Access<Guard: Ask<S, W>> + 'static,
                W: 'static,
                ($($all,)*): Extract<First, M, S>,
            {
                Guarded::new(move |request, state| {
                    Box::pin(answer::<F, ($($all,)*), First, M, S, W>(self.clone(), request, state))
                })
            }
        }
    };
}

macro_rules! extract {
    ($($middle:ident)*) => {
        impl<M, S, First, $($middle,)* Last> Extract<First, M, S> for (First, $($middle,)* Last)
        where
            First: Send,
            $($middle: FromRequestParts<S> + Send,)*
            Last: FromRequest<S, M> + Send,
            S: Send + Sync,
        {
            #[allow(non_snake_case, unused_mut)]
            async fn extract(first: First, mut parts: Parts, body: Body, state: &S, _: sealed::Seal) -> Result<Self, Response> {
                $(let $middle = $middle::from_request_parts(&mut parts, state).await.map_err(IntoResponse::into_response)?;)*
                let request = Request::from_parts(parts, body);
                let last = Last::from_request(request, state).await.map_err(IntoResponse::into_response)?;
                Ok((first, $($middle,)* last))
            }
        }
    };
}

impl<First: Send, S: Sync> Extract<First, (), S> for (First,) {
    fn extract(
        first: First,
        _: Parts,
        _: Body,
        _: &S,
        _: sealed::Seal,
    ) -> impl Future<Output = Result<Self, Response>> + Send {
        ready(Ok((first,)))
    }
}

arguments!(NoArguments;);
arguments!(A; A);
arguments!(A; A B);
arguments!(A; A B C);
arguments!(A; A B C D);
arguments!(A; A B C D E);
arguments!(A; A B C D E G);
arguments!(A; A B C D E G H);
arguments!(A; A B C D E G H I);
arguments!(A; A B C D E G H I J);
arguments!(A; A B C D E G H I J K);
arguments!(A; A B C D E G H I J K L);
arguments!(A; A B C D E G H I J K L N);
arguments!(A; A B C D E G H I J K L N O);
arguments!(A; A B C D E G H I J K L N O P);
arguments!(A; A B C D E G H I J K L N O P Q);
arguments!(A; A B C D E G H I J K L N O P Q T);

extract!();
extract!(B);
extract!(B C);
extract!(B C D);
extract!(B C D E);
extract!(B C D E G);
extract!(B C D E G H);
extract!(B C D E G H I);
extract!(B C D E G H I J);
extract!(B C D E G H I J K);
extract!(B C D E G H I J K L);
extract!(B C D E G H I J K L N);
extract!(B C D E G H I J K L N O);
extract!(B C D E G H I J K L N O P);
extract!(B C D E G H I J K L N O P Q);
