//! The engine, asked one thing after the other.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use unroll::{
    engine::Engine,
    protocol::{Array, DeviceWish, Event, Parcel, Request, RequestId, Trouble},
};

/// Why a command ends early.
#[derive(Debug)]
pub enum Failure {
    Trouble(Trouble),
    PipeClosed,
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Failure::Trouble(trouble)
    }
}

/// An engine and what it has said.
pub struct Session {
    engine: Engine,
    /// Of the last request.
    id: RequestId,
    events: Rc<RefCell<VecDeque<Parcel<Event>>>>,
}

impl Session {
    /// # Errors
    /// When the device that was asked for is not there.
    pub async fn open(device: DeviceWish) -> Result<Self, Failure> {
        let events = Rc::new(RefCell::new(VecDeque::new()));
        let outbox = events.clone();
        let engine = Engine::new(move |event| outbox.borrow_mut().push_back(event));
        let mut session = Session { engine, id: 0, events };
        session.ask(Request::Open { device }, |_| Ok(())).await?;
        Ok(session)
    }

    /// Sends a request and lets the engine work until it is idle. `heard` gets every event but trouble, which ends it.
    /// Gives the number of the request, which names a text that it brought.
    pub async fn ask(
        &mut self,
        request: Request,
        heard: impl FnMut(Parcel<Event>) -> Result<(), Failure>,
    ) -> Result<RequestId, Failure> {
        self.send(request, Vec::new(), heard).await
    }

    /// The same with the bytes of a file.
    pub async fn ask_with(
        &mut self,
        request: Request,
        bytes: Vec<u8>,
        heard: impl FnMut(Parcel<Event>) -> Result<(), Failure>,
    ) -> Result<RequestId, Failure> {
        self.send(request, vec![Array::Bytes(bytes)], heard).await
    }

    /// Loads a model, and says what its file has that only a newer program knows.
    pub async fn load(&mut self, model: Vec<u8>) -> Result<(), Failure> {
        let heard = |event: Parcel<Event>| {
            if let Event::ModelReady(report) = event.body
                && !report.unknown.is_empty()
            {
                eprintln!("A newer program saved the model: {} was passed over.", report.unknown.join(", "));
            }
            Ok(())
        };
        self.ask_with(Request::Load, model, heard).await.map(drop)
    }

    async fn send(
        &mut self,
        body: Request,
        arrays: Vec<Array>,
        mut heard: impl FnMut(Parcel<Event>) -> Result<(), Failure>,
    ) -> Result<RequestId, Failure> {
        self.id += 1;
        self.engine.handle(Parcel { id: self.id, body, arrays }).await;
        loop {
            while let Some(event) = self.next() {
                match event.body {
                    Event::Trouble { trouble, .. } => return Err(trouble.into()),
                    _ => heard(event)?,
                }
            }
            if !self.engine.is_busy() {
                return Ok(self.id);
            }
            self.engine.advance().await;
        }
    }

    fn next(&self) -> Option<Parcel<Event>> {
        self.events.borrow_mut().pop_front()
    }
}
