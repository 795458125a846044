//! What stands around every step: header, notice, transport.

mod device;
mod header;
mod notice;
mod speed;
mod transport;

pub use header::Header;
pub use notice::NoticeBar;
pub use transport::Transport;
