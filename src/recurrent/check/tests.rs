use pollster::block_on;

use super::*;
use crate::recurrent::{composed, sequence, sequence_along};

const ODD: &[u8] = include_bytes!("../../../tests/fixtures/cells-odd.safetensors");

/// Numbers in (−1, 1) that are the same on every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn numbers<const D: usize>(&mut self, shape: [usize; D], scale: f32) -> Numbers {
        let values = (0..shape.iter().product()).map(|_| self.next() * scale).collect();
        Numbers { values, shape: shape.to_vec() }
    }

    fn case(&mut self, cell: Cell, [steps, batch, units]: [usize; 3]) -> Case {
        let rows = cell.gates() * units;
        let mut inputs = vec![
            self.numbers([steps, batch, rows], 1.0),
            self.numbers([batch, units], 1.0),
            self.numbers([rows, units], (units as f32).sqrt().recip()),
            self.numbers([rows], 0.5),
        ];
        let mut weights = vec![self.numbers([steps, batch, units], 1.0), self.numbers([batch, units], 1.0)];
        if cell == Cell::Lstm {
            inputs.push(self.numbers([batch, units], 1.0));
            weights.push(self.numbers([batch, units], 1.0));
        }
        Case { cell, inputs, weights }
    }
}

#[track_caller]
fn assert_passed(checks: &[Check]) {
    assert!(!checks.is_empty());
    for check in checks {
        println!("{}: {:.1e} (allowed {:.0e})", check.name, check.error, check.allowed);
    }
    for check in checks {
        assert!(check.passed(), "{check:?}");
    }
}

#[test]
fn fixtures_hold_every_cell_at_every_size() {
    assert_eq!((read_cases(TINY).len(), read_cases(ODD).len()), (12, 6));
}

#[test]
fn composed_cells_agree_with_pytorch_on_the_cpu() {
    for file in [TINY, ODD] {
        assert_passed(&block_on(against_file(file, composed::sequence, &Device::flex())));
    }
}

#[test]
fn fused_cells_agree_with_pytorch_on_the_cpu() {
    for file in [TINY, ODD] {
        assert_passed(&block_on(against_file(file, sequence, &Device::flex())));
    }
}

#[test]
fn both_directions_over_rows_of_different_lengths_agree_with_pytorch_and_so_do_their_tapes() {
    for device in [Some(Device::flex()), gpu()].into_iter().flatten() {
        let checks = block_on(directions_against_pytorch(&device));
        assert_eq!(checks.len(), 12);
        assert_passed(&checks);
    }
}

/// One size more than a tile, a panel and a depth block of the products, and one less; and two of which the GPU takes
/// each step on its own.
const SIZES: [[usize; 3]; 9] =
    [[1, 1, 1], [1, 33, 7], [65, 1, 7], [65, 33, 1], [3, 2, 129], [65, 5, 31], [2, 3, 300], [1, 1, 523], [3, 18, 523]];

fn fused_agrees_with_composed(device: &Device) {
    let mut noise = Noise(1);
    for cell in Cell::ALL {
        for size in SIZES {
            let case = noise.case(cell, size);
            let exact = block_on(case.run(composed::sequence, &Device::flex()));
            let errors = block_on(case.run(sequence, device)).errors(&exact);
            assert_passed(&checks(cell, &format!("composed {size:?}"), errors, device));
        }
    }
}

#[test]
fn fused_cells_agree_with_composed_ones_at_odd_sizes_on_the_cpu() {
    fused_agrees_with_composed(&Device::flex());
}

/// A GPU, or a program that stands in for one; `None` where there is no Vulkan driver.
fn gpu() -> Option<Device> {
    let drivers = std::fs::read_dir("/usr/share/vulkan/icd.d").ok()?.count();
    (drivers > 0).then(|| block_on(Device::wgpu_options().tasks_max(64).init_async()).ok()).flatten()
}

#[test]
fn fused_cells_agree_with_pytorch_on_a_gpu() {
    let Some(device) = gpu() else { return };
    for file in [TINY, ODD] {
        assert_passed(&block_on(against_file(file, sequence, &device)));
    }
}

#[test]
fn fused_cells_agree_with_composed_ones_at_odd_sizes_on_a_gpu() {
    let Some(device) = gpu() else { return };
    fused_agrees_with_composed(&device);
}

/// Every `every`th gradient of every cell against finite differences, all rows forward and rows of different lengths in
/// either direction.
fn gradients_agree_with_finite_differences(device: &Device, every: usize) {
    let mut noise = Noise(2);
    let orders = [Direction::Forward, Direction::Reverse].map(|way| ReadingOrder::new(way, &[4, 2], 4, device));
    for order in [ReadingOrder::default()].iter().chain(&orders) {
        let form = |cell, projected, state, weight_hh, bias_hh| {
            sequence_along(order, cell, projected, state, Weights { weight_hh, bias_hh })
        };
        for cell in Cell::ALL {
            let case = noise.case(cell, [4, 2, 3]);
            let run = |case: &Case| block_on(case.run_and_differentiate(form, device)).0;
            let loss = |case: &Case| {
                let out = run(case).outputs;
                let products =
                    out.iter().zip(&case.weights).flat_map(|(out, weight)| out.values.iter().zip(&weight.values));
                products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
            };
            let gradients = run(&case).gradients;
            // Large enough that f32's rounding, over the step, is small beside the bound.
            let step = 1e-2;
            for (input, gradient) in gradients.iter().enumerate() {
                for (index, gradient) in gradient.values.iter().enumerate().step_by(every) {
                    let at = |offset: f32| {
                        let mut case = case.clone();
                        case.inputs[input].values[index] += offset;
                        loss(&case)
                    };
                    let difference = (at(step) - at(-step)) / (2.0 * f64::from(step));
                    let error = (f64::from(*gradient) - difference).abs();
                    let name = format!("{order:?} {cell:?} {input} {index}");
                    assert!(error < 1e-3 * difference.abs().max(1.0), "{name}: {gradient} {difference}");
                }
            }
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences_on_the_cpu() {
    gradients_agree_with_finite_differences(&Device::flex(), 1);
}

#[test]
fn gradients_agree_with_finite_differences_on_a_gpu() {
    let Some(device) = gpu() else { return };
    gradients_agree_with_finite_differences(&device, 11);
}

#[test]
fn a_row_of_full_length_has_the_same_tape_whatever_the_lengths_of_the_others() {
    let mut noise = Noise(5);
    for device in [Some(Device::flex()), gpu()].into_iter().flatten() {
        for cell in Cell::ALL {
            let case = noise.case(cell, [4, 2, 3]);
            let order = ReadingOrder::new(Direction::Forward, &[4, 2], 4, &device);
            let [whole, part] =
                [&ReadingOrder::default(), &order].map(|order| block_on(case.run_with_tape(order, &device)).1);
            let same = |whole: &Numbers, part: &Numbers| {
                assert_eq!(whole.shape, part.shape);
                let row = whole.values.len() / 8;
                for step in 0..4 {
                    let at = 2 * step * row..(2 * step + 1) * row;
                    for (whole, part) in whole.values[at.clone()].iter().zip(&part.values[at]) {
                        assert!((whole - part).abs() < 1e-5, "{device:?} {cell:?} {step}: {whole} {part}");
                    }
                }
            };
            same(&whole.gates, &part.gates);
            same(&whole.arrived, &part.arrived);
            same(&whole.arrived_at_gates, &part.arrived_at_gates);
            if let (Some(whole), Some(part)) = (&whole.cell, &part.cell) {
                same(whole, part);
            }
        }
    }
}

/// Above a size a GPU takes each step on its own: the same there.
#[test]
fn rows_of_different_lengths_give_the_same_on_a_gpu_as_on_the_cpu_at_every_size() {
    let Some(device) = gpu() else { return };
    let mut noise = Noise(4);
    for cell in Cell::ALL {
        for units in [40, 130, 523] {
            let case = noise.case(cell, [5, 3, units]);
            for way in [Direction::Forward, Direction::Reverse] {
                let order = |device: &Device| ReadingOrder::new(way, &[2, 5, 4], 5, device);
                let (exact, tape) = block_on(case.run_with_tape(&order(&Device::flex()), &Device::flex()));
                let (found, on_gpu) = block_on(case.run_with_tape(&order(&device), &device));
                let [forward, gradients] = found.errors(&exact);
                let forward = forward.max(on_gpu.gates.error(&tape.gates, false));
                let gradients = gradients.max(on_gpu.arrived.error(&tape.arrived, true));
                assert_passed(&checks_of(&format!("{} {way:?} {units}", cell.name()), [forward, gradients], &device));
            }
        }
    }
}

#[test]
fn a_sequence_without_gradients_gives_the_same_bits() {
    let mut noise = Noise(3);
    for cell in Cell::ALL {
        let case = noise.case(cell, [5, 3, 19]);
        let device = Device::flex();
        let state =
            State { hidden: case.inputs[1].tensor(&device), cell: case.inputs.get(4).map(|c| c.tensor(&device)) };
        let out = sequence(
            cell,
            case.inputs[0].tensor(&device),
            state,
            case.inputs[2].tensor(&device),
            case.inputs[3].tensor(&device),
        );
        let plain = block_on(Numbers::read(out.hidden));
        let [first, second] = [0, 1].map(|_| block_on(case.run(sequence, &device)));
        assert_eq!(plain.values, first.outputs[0].values);
        assert_eq!(first.gradients[2].values, second.gradients[2].values);
    }
}

#[test]
fn a_sequence_cut_in_two_gives_the_same_as_the_whole() {
    let mut noise = Noise(4);
    let device = Device::flex();
    for cell in Cell::ALL {
        let case = noise.case(cell, [9, 2, 10]);
        let [weight, bias] = [2, 3].map(|index| case.inputs[index].clone());
        let projected: Tensor<3> = case.inputs[0].tensor(&device);
        let run =
            |part: Tensor<3>, state: State| sequence(cell, part, state, weight.tensor(&device), bias.tensor(&device));
        let zeros = || State::zeros(cell, 2, 10, &device);
        let whole = run(projected.clone(), zeros());
        let first = run(projected.clone().narrow(0, 0, 4), zeros());
        let second = run(projected.narrow(0, 4, 5), first.last);
        let cut = Tensor::cat(vec![first.hidden, second.hidden], 0);
        assert_eq!(block_on(Numbers::read(whole.hidden)).values, block_on(Numbers::read(cut)).values);
        assert_eq!(
            block_on(Numbers::read(whole.last.hidden)).values,
            block_on(Numbers::read(second.last.hidden)).values
        );
    }
}

#[test]
fn what_is_no_number_is_passed_on() {
    let device = Device::flex();
    for cell in Cell::ALL {
        let mut case = Noise(5).case(cell, [3, 2, 9]);
        case.inputs[2].values[4] = f32::NAN;
        let out = block_on(case.run(sequence, &device));
        assert!(out.outputs[0].values.iter().any(|h| h.is_nan()));
    }
}

/// Tokens a second of the recurrence alone: `cargo test --release -- --ignored --nocapture speed_of`.
#[test]
#[ignore = "measures, asserts nothing"]
fn speed_of_the_recurrence() {
    for cell in Cell::ALL {
        for (steps, batch, units) in
            [(64, 32, 128), (64, 32, 256), (64, 32, 512), (64, 32, 64), (64, 1, 128), (1, 1, 128)]
        {
            let case = Noise(6).case(cell, [steps, batch, units]);
            for training in [true, false] {
                let device = if training { Device::flex().autodiff() } else { Device::flex() };
                let given = |index: usize| case.inputs[index].clone();
                let track = |index: usize| {
                    let tensor: Tensor<2> = given(index).tensor(&device);
                    if training { tensor.require_grad() } else { tensor }
                };
                let (weight, bias) = (track(2), given(3).tensor::<1>(&device));
                let bias = if training { bias.require_grad() } else { bias };
                let projected: Tensor<3> = given(0).tensor(&device);
                let projected = if training { projected.require_grad() } else { projected };
                let loss: Tensor<3> = case.weights[0].tensor(&device);
                let tokens = (steps * batch) as f64;
                let rounds = (3e9 / (tokens * (units * units * cell.gates()) as f64)).clamp(3.0, 2000.0) as usize;
                let times = (0..5).map(|_| {
                    let start = std::time::Instant::now();
                    for _ in 0..rounds {
                        let state = State::zeros(cell, batch, units, &device);
                        let out = sequence(cell, projected.clone(), state, weight.clone(), bias.clone());
                        if training {
                            let _ = (out.hidden * loss.clone()).sum().backward();
                        }
                    }
                    start.elapsed().as_secs_f64()
                });
                let best = times.fold(f64::INFINITY, f64::min);
                println!(
                    "{cell:?} T={steps} B={batch} H={units} {}: {:.0} tokens/s",
                    if training { "forward + backward" } else { "forward" },
                    tokens * rounds as f64 / best
                );
            }
        }
    }
}
