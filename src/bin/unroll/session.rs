//! The engine, asked one thing after the other.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use unroll::{
    engine::Engine,
    protocol::{DeviceWish, Event, Parcel, Request, Trouble},
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
    events: Rc<RefCell<VecDeque<Parcel<Event>>>>,
}

impl Session {
    /// # Errors
    /// When the device that was asked for is not there.
    pub async fn open(device: DeviceWish) -> Result<Self, Failure> {
        let events = Rc::new(RefCell::new(VecDeque::new()));
        let outbox = events.clone();
        let engine = Engine::new(move |event| outbox.borrow_mut().push_back(event));
        let mut session = Session { engine, events };
        session.ask(Request::Open { device }, |_| Ok(())).await?;
        Ok(session)
    }

    /// Sends a request and lets the engine work until it is idle. `heard` gets every event but trouble, which ends it.
    pub async fn ask(
        &mut self,
        request: impl Into<Parcel<Request>>,
        mut heard: impl FnMut(Parcel<Event>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.engine.handle(request.into()).await;
        loop {
            while let Some(event) = self.next() {
                match event.body {
                    Event::Trouble(trouble) => return Err(trouble.into()),
                    _ => heard(event)?,
                }
            }
            if !self.engine.is_busy() {
                return Ok(());
            }
            self.engine.advance().await;
        }
    }

    fn next(&self) -> Option<Parcel<Event>> {
        self.events.borrow_mut().pop_front()
    }
}
