//! Vectors of f32 as wide as this machine has them.
//!
//! A [`Kernel`] is written once, over any [`Vector`]; [`run`] compiles it for each instruction set and takes the best
//! that is there. Everything within a kernel must be inlined into it, or it is compiled for the wrong instructions.

#[cfg(any(not(target_arch = "wasm32"), test))]
mod portable;
#[cfg(target_arch = "wasm32")]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

/// A computation over any vector.
pub trait Kernel {
    type Output;

    /// To be marked `#[inline(always)]`.
    fn run<V: Vector>(self) -> Self::Output;
}

/// The most numbers that a vector has here.
const WIDEST: usize = 16;

/// A few f32 that are computed with at once.
pub trait Vector: Copy {
    /// Numbers in a vector.
    const LANES: usize;
    /// Vectors that the processor holds: 16 or 32. Larger tiles need more.
    const REGISTERS: usize;

    fn splat(value: f32) -> Self;

    /// # Safety
    /// `LANES` numbers must be there to read.
    unsafe fn read(from: *const f32) -> Self;

    /// # Safety
    /// `LANES` numbers must be there to write.
    unsafe fn write(self, to: *mut f32);

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;

    /// self · factor + term, rounded once where the processor can.
    fn mul_add(self, factor: Self, term: Self) -> Self;

    /// The larger of each two; `self` where it is no number.
    fn max(self, other: Self) -> Self;

    /// The smaller of each two; `self` where it is no number.
    fn min(self, other: Self) -> Self;

    fn sqrt(self) -> Self;

    /// 2ⁿ, where n is what the lowest bits of the numbers say.
    fn power_of_two(self) -> Self;

    /// The vector at `at`.
    #[inline(always)]
    fn load(values: &[f32], at: usize) -> Self {
        let values = &values[at..at + Self::LANES];
        // SAFETY: the slice has as many.
        unsafe { Self::read(values.as_ptr()) }
    }

    /// Writes the vector at `at`.
    #[inline(always)]
    fn store(self, values: &mut [f32], at: usize) {
        let values = &mut values[at..at + Self::LANES];
        // SAFETY: the slice has as many.
        unsafe { self.write(values.as_mut_ptr()) }
    }

    /// The vector at `at`; past the end of `values`, zeros.
    #[inline(always)]
    fn load_part(values: &[f32], at: usize) -> Self {
        if at + Self::LANES <= values.len() {
            return Self::load(values, at);
        }
        let mut whole = [0.0; WIDEST];
        let part = values.get(at..).unwrap_or_default();
        whole[..part.len()].copy_from_slice(part);
        Self::load(&whole, 0)
    }

    /// Writes the part of the vector that lies within `values`.
    #[inline(always)]
    fn store_part(self, values: &mut [f32], at: usize) {
        if at + Self::LANES <= values.len() {
            return self.store(values, at);
        }
        let part = values.get_mut(at..).unwrap_or_default();
        part.copy_from_slice(&self.numbers()[..part.len()]);
    }

    /// Adds the part of the vector that lies within `values`.
    #[inline(always)]
    fn add_to_part(self, values: &mut [f32], at: usize) {
        self.add(Self::load_part(values, at)).store_part(values, at);
    }

    /// One after the other, then zeros.
    #[inline(always)]
    fn numbers(self) -> [f32; WIDEST] {
        let mut numbers = [0.0; WIDEST];
        self.store(&mut numbers, 0);
        numbers
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        self.numbers().iter().sum()
    }

    #[inline(always)]
    fn largest(self) -> f32 {
        self.numbers()[..Self::LANES].iter().fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a })
    }
}

/// Runs `kernel` with the widest vectors of this machine.
#[cfg(target_arch = "x86_64")]
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    if allowed(16) && is_x86_feature_detected!("avx512f") {
        // SAFETY: the instructions are there.
        return unsafe { x86::with_avx512(kernel) };
    }
    if allowed(8) && is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the instructions are there.
        return unsafe { x86::with_avx2(kernel) };
    }
    kernel.run::<portable::Portable>()
}

/// Whether vectors of so many numbers may be used: always, but in tests of the narrower ones.
#[cfg(all(target_arch = "x86_64", not(test)))]
const fn allowed(_lanes: usize) -> bool {
    true
}

/// Runs `kernel` with the vectors of this machine.
#[cfg(target_arch = "wasm32")]
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<wasm::Simd128>()
}

/// Runs `kernel` with the vectors of this machine.
#[cfg(not(any(target_arch = "x86_64", target_arch = "wasm32")))]
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<portable::Portable>()
}

/// Numbers in a vector of this machine.
pub fn lanes() -> usize {
    struct Lanes;

    impl Kernel for Lanes {
        type Output = usize;

        #[inline(always)]
        fn run<V: Vector>(self) -> usize {
            V::LANES
        }
    }

    run(Lanes)
}

/// Whether this test's thread may use vectors of so many numbers.
#[cfg(all(target_arch = "x86_64", test))]
fn allowed(lanes: usize) -> bool {
    lanes <= MOST_LANES.get()
}

#[cfg(test)]
thread_local! {
    static MOST_LANES: std::cell::Cell<usize> = const { std::cell::Cell::new(WIDEST) };
}

/// What `compute` gives on this thread with vectors of every width that this machine has.
#[cfg(test)]
pub fn with_every_width<R>(mut compute: impl FnMut() -> R) -> Vec<R> {
    let outputs = [4, 8, WIDEST].map(|lanes| {
        MOST_LANES.set(lanes);
        compute()
    });
    outputs.into()
}
