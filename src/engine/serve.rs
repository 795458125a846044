//! The loop that drives an engine.

use std::future::Future;

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;

use super::Engine;
use crate::protocol::{Parcel, Request};

/// Answers requests and works in between, until the inbox is closed.
///
/// Every request that has come is answered before the next slice of work. After each slice the host gets a `turn`, in
/// which requests can come in: in a worker its event loop, elsewhere nothing.
pub async fn serve<T: Future<Output = ()>>(
    mut engine: Engine,
    mut inbox: UnboundedReceiver<Parcel<Request>>,
    turn: impl Fn() -> T,
) {
    loop {
        while let Ok(request) = inbox.try_recv() {
            engine.handle(request).await;
        }
        if engine.is_busy() {
            engine.advance().await;
            turn().await;
        } else {
            match inbox.next().await {
                Some(request) => engine.handle(request).await,
                None => return,
            }
        }
    }
}
