//! What the page and the engine say to each other, and nothing else.
//!
//! The page sends [`Request`]s, the engine answers with [`Event`]s. Both travel as [`Parcel`]s: the number of the request,
//! a small body that is serialised, and arrays beside it whose buffers are transferred without a copy.
//!
//! What a run says names the run ([`RunId`]), and a run brings the report of the text that it learns
//! ([`ModelReport::text`]), so that nothing is ever labelled with another run's text.

mod event;
mod limits;
mod request;
mod settings;
mod trouble;

pub use event::*;
pub use limits::*;
pub use request::*;
pub use settings::*;
pub use trouble::*;

/// Names a request: a number that its sender has not used before, from 1.
///
/// Whatever belongs to a request carries its number, above all its last word: every request is answered by exactly one
/// [`Event::Done`] or [`Event::Trouble`] that names it, after everything else that does.
pub type RequestId = u32;

/// The number of what belongs to no request.
pub const NO_REQUEST: RequestId = 0;

/// Names a run, from 1: a model with what it learns, from its first step to its replacement. Recovering, and moving to
/// another device, go on with the same run.
pub type RunId = u32;

/// Names a text that the engine has taken: the request that brought it.
pub type TextId = RequestId;

/// A body, the request that it is or belongs to, and the arrays that travel beside it.
///
/// Which array means what is said where the body's variant is documented.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel<T> {
    pub id: RequestId,
    pub body: T,
    pub arrays: Vec<Array>,
}

/// A flat array whose buffer is transferred, not copied, between the page and its worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
    Ids(Vec<u32>),
}

impl<T> Parcel<T> {
    /// A body alone.
    pub fn new(id: RequestId, body: T) -> Self {
        Parcel { id, body, arrays: Vec::new() }
    }

    /// The body with one array of bytes beside it.
    pub fn with_bytes(id: RequestId, body: T, bytes: Vec<u8>) -> Self {
        Parcel { id, body, arrays: vec![Array::Bytes(bytes)] }
    }
}
