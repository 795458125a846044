//! A real GPU that is destroyed while it trains: what goes wrong is a trouble, whoever meets it first.
//!
//! It is gone for the whole process, so each moment has a process of its own.

use std::process::Command;

use super::*;
use crate::protocol::DeviceWish;

const MOMENT: &str = "UNROLL_MOMENT";

/// A run on the GPU that evaluates, writes samples and is looked at.
fn on_a_gpu() -> Option<Driven> {
    let heard = Rc::<RefCell<Vec<_>>>::default();
    let outbox = heard.clone();
    let engine = Engine::new(move |event: Parcel<Event>| outbox.borrow_mut().push(event));
    let mut driven = Driven { engine, heard, id: 0 };
    driven.ask(Request::Open { device: DeviceWish::Gpu });
    if driven.engine.compute.kind != DeviceKind::WebGpu {
        return None;
    }
    driven.use_text();
    let model = ModelConfig { hidden: 16, ..ModelConfig::default() };
    let train = TrainConfig {
        batch: 4,
        context: 8,
        eval_every: 10,
        sample_every: Some(15),
        steps: Some(100),
        ..TrainConfig::default()
    };
    let text = driven.engine.text.as_ref().map_or(0, |text| text.id);
    driven.ask(Request::Subscribe { topic: Topic::Hidden { text: String::new(), layer: 0 }, every_ms: 0 });
    driven.ask(Request::Build { text, model, train, play: true });
    Some(driven)
}

#[test]
#[ignore = "takes the GPU from its process; the test below runs it"]
fn at_a_moment() {
    let moment: usize = std::env::var(MOMENT).unwrap().parse().unwrap();
    let Some(mut driven) = on_a_gpu() else { return };
    (0..moment).for_each(|_| pollster::block_on(driven.engine.advance()));
    device::destroy_gpu();
    // Whatever is asked, or nothing.
    let mut heard = match moment % 4 {
        0 => driven.ask(Request::Save),
        1 => driven.ask(Request::Pause),
        2 => driven.build(),
        _ => Vec::new(),
    };
    for _ in 0..200 {
        pollster::block_on(driven.engine.advance());
        if driven.engine.compute.kind == DeviceKind::Cpu {
            break;
        }
    }
    assert_eq!(driven.engine.compute.kind, DeviceKind::Cpu, "nobody has said that the device is lost");
    heard.extend(driven.heard());
    assert!(last_words(&heard).iter().any(|(_, trouble)| matches!(trouble, Some(Trouble::DeviceLost { .. }))));
    // It is given out to nobody again, and the run goes on.
    assert!(pollster::block_on(device::gpu()).is_err());
    let before = driven.step();
    driven.ask(Request::Play);
    driven.train_to(before + 5);
}

#[test]
#[ignore = "ten processes, each with a GPU of its own"]
fn a_gpu_that_is_destroyed_at_ten_moments_takes_no_run_with_it() {
    for moment in [0, 1, 2, 7, 12, 25, 30, 41, 63, 90] {
        let mut alone = Command::new(std::env::current_exe().unwrap());
        alone.args(["--ignored", "--exact", "engine::tests::lost_gpu::at_a_moment", "--nocapture"]);
        let done = alone.env(MOMENT, moment.to_string()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "moment {moment}: {said}");
    }
}
