//! Unroll: a laboratory for recurrent networks in one web page.
//!
//! Arrows run one way: `text` and `linear` stand alone, `recurrent` stands on `linear`, `model` on both, `train` on `text`
//! and `model`, `engine` on all of them. `page` knows only `protocol` and `words`. Each room is behind the feature that
//! needs it, so that the page is built without the network.

pub mod float;
pub mod protocol;
pub mod words;

#[cfg(feature = "text")]
pub mod text;

#[cfg(feature = "engine")]
pub(crate) mod check;
#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "engine")]
pub mod linear;
#[cfg(feature = "engine")]
pub mod model;
#[cfg(feature = "engine")]
pub mod recurrent;
#[cfg(feature = "engine")]
pub mod train;

#[cfg(feature = "page")]
pub mod page;

#[cfg(feature = "browser")]
pub mod wire;
