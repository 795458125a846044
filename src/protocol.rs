//! What the page and the engine say to each other, and nothing else.
//!
//! The page sends [`Request`]s, the engine answers with [`Event`]s. Both travel as [`Parcel`]s: a small body that is
//! serialised, and arrays beside it whose buffers are transferred without a copy.

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

/// A body, and the arrays that travel beside it.
///
/// Which array means what is said where the body's variant is documented.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel<T> {
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

impl<T> From<T> for Parcel<T> {
    fn from(body: T) -> Self {
        Parcel { body, arrays: Vec::new() }
    }
}

impl<T> Parcel<T> {
    /// The body with one array of bytes beside it.
    pub fn with_bytes(body: T, bytes: Vec<u8>) -> Self {
        Parcel { body, arrays: vec![Array::Bytes(bytes)] }
    }
}
