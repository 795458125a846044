//! The page's program; boot.js starts it.

fn main() {
    unroll::page::run();
}
