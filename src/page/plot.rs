//! One kit for every picture on canvas.
//!
//! A picture is a [`Plot`]: it says what to draw, what is under the cursor and what its rows are. The kit does what all of
//! them share: a canvas at exact device pixels (`surface`, `watch`), the theme's colours (`palette`), scales (`scale`),
//! zoom, pan and cursor by pointer and by keys (`gesture`), the note card (`note`), the text alternative and its table
//! (`table`), PNG, CSV and link (`tools`), the `selection` that links all pictures, and whether a picture is seen at all
//! (`seen` of [`PlotArea`]).
//!
//! A new picture implements [`Plot`] for a small struct of signals, and is shown by
//!
//! ```text
//! let shown = Shown::telling(plot, seen); // `seen`: of whoever asks the engine for what is drawn
//! view! {
//!     <div class="plot">
//!         <header class="plot-head"><h2>"Gates"</h2></header>
//!         <PlotArea shown />
//!         <footer class="plot-foot"><PlotTools shown /></footer>
//!     </div>
//! }
//! ```
//!
//! What is drawn is worked out in plain functions that know no browser and are tested natively; the rest puts it on a
//! canvas.

mod area;
mod colour;
mod declutter;
mod gesture;
mod note;
mod palette;
mod picture;
mod redraw;
mod rows;
mod scale;
mod selection;
mod surface;
mod table;
mod tools;
mod watch;

pub use area::{Plot, PlotArea, Shown};
pub use colour::{Colour, Diverging};
pub use declutter::declutter;
pub use gesture::{Drag, Point};
pub use note::{Bar, Note, NoteRow, bars};
pub use palette::Palette;
pub use rows::{push_number, push_quoted};
pub use scale::{Span, decimals, nice_step, settle, ticks};
pub use selection::{Selection, use_selection};
pub use surface::{Surface, canvas_context, detached_canvas};
pub use table::Table;
pub use tools::{PlotTools, plot_button};
pub use watch::{Change, watch_seen};
