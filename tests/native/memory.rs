//! Memory stays as it is, however long a run is and however often its size changes. Each test works in a process of its
//! own, where nothing else takes memory meanwhile.

use std::{env, fs, process::Command};

use unroll::protocol::*;

use crate::bench::{Bench, fox};

/// Set in that process.
const ALONE: &str = "UNROLL_TEST_ALONE";

/// Runs `work` in another process, as the test of this name.
fn alone(name: &str, work: impl FnOnce()) {
    if env::var_os(ALONE).is_some() {
        return work();
    }
    let program = env::current_exe().expect("the tests are a file");
    let output = Command::new(program).args(["--exact", name, "--nocapture"]).env(ALONE, "1").output();
    let output = output.expect("the tests run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "there is no test {name}");
}

/// Bytes of this process that are in memory; nothing where the system does not say.
fn resident() -> Option<f64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    pages.split_whitespace().nth(1)?.parse().ok()
}

/// That no more than 5 % more memory is taken after `work`, nor less.
fn assert_flat(work: impl FnOnce()) {
    let Some(before) = resident() else { return };
    work();
    let after = resident().expect("as before");
    assert!((after / before - 1.0).abs() <= 0.05, "{before} pages before, {after} after");
}

fn size(cell: Cell, layers: usize, hidden: usize, batch: usize, context: usize) -> (ModelConfig, TrainConfig) {
    let model = ModelConfig { cell, layers, hidden, ..ModelConfig::default() };
    (model, TrainConfig { batch, context, steps: None, eval_every: 1_000_000, ..TrainConfig::default() })
}

fn play(bench: &mut Bench, (model, train): (ModelConfig, TrainConfig)) {
    bench.build(model, train);
    bench.ask(Request::Play);
}

/// Trains until that step's figures are there.
fn reach(bench: &mut Bench, step: u64) {
    bench.until(|event| match event {
        Event::Progress(progress) if progress.step >= step => Some(()),
        _ => None,
    });
}

fn steps_take_no_memory(wish: DeviceWish) {
    let Some(mut bench) = Bench::on(wish) else { return };
    bench.use_text(&fox());
    bench.settle();
    play(&mut bench, size(Cell::Lstm, 1, 8, 2, 4));
    reach(&mut bench, 1000);
    assert_flat(|| reach(&mut bench, 6000));
}

fn changes_of_size_take_no_memory(wish: DeviceWish) {
    let Some(mut bench) = Bench::on(wish) else { return };
    bench.use_text(&fox());
    bench.settle();
    let sizes = [
        size(Cell::Lstm, 2, 96, 8, 16),
        size(Cell::Gru, 1, 8, 1, 4),
        size(Cell::Lstm, 2, 40, 4, 8),
        size(Cell::Rnn, 3, 72, 2, 32),
        size(Cell::Lstm, 1, 129, 16, 8),
    ];
    let mut train = || {
        for size in &sizes {
            play(&mut bench, size.clone());
            reach(&mut bench, 10);
        }
    };
    // The kernels of a size are kept once they are compiled.
    train();
    assert_flat(|| (0..4).for_each(|_| train()));
}

#[test]
fn five_thousand_steps_take_no_memory_on_the_cpu() {
    alone("memory::five_thousand_steps_take_no_memory_on_the_cpu", || steps_take_no_memory(DeviceWish::Cpu));
}

#[test]
fn five_thousand_steps_take_no_memory_on_vulkan() {
    alone("memory::five_thousand_steps_take_no_memory_on_vulkan", || steps_take_no_memory(DeviceWish::Gpu));
}

#[test]
fn twenty_changes_of_size_take_no_memory_on_the_cpu() {
    alone("memory::twenty_changes_of_size_take_no_memory_on_the_cpu", || {
        changes_of_size_take_no_memory(DeviceWish::Cpu)
    });
}

#[test]
fn twenty_changes_of_size_take_no_memory_on_vulkan() {
    alone("memory::twenty_changes_of_size_take_no_memory_on_vulkan", || {
        changes_of_size_take_no_memory(DeviceWish::Gpu);
    });
}
