//! Floats to text and back: by the browser where there is one, because the tables that Rust's own ways stand on would
//! make the page's program 18 KB larger, compressed.

#[cfg(not(all(target_family = "wasm", feature = "browser")))]
mod own {
    /// The number that a decimal notation stands for, with or without an exponent.
    pub fn parse(text: &str) -> Option<f64> {
        text.parse().ok()
    }

    /// With so many decimals.
    pub fn fixed(value: f64, decimals: usize) -> String {
        format!("{value:.decimals$}")
    }

    /// In the fewest digits that stand for this very number: `0.8`.
    pub fn shortest(value: f64) -> String {
        value.to_string()
    }

    /// In the fewest digits, with an exponent: `2e-3`.
    pub fn exponential(value: f64) -> String {
        format!("{value:e}")
    }
}

#[cfg(all(target_family = "wasm", feature = "browser"))]
mod own {
    use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

    #[wasm_bindgen]
    extern "C" {
        type Number;
        #[wasm_bindgen(js_name = Number)]
        fn number(text: &str) -> f64;
        #[wasm_bindgen(method, js_name = toFixed)]
        fn to_fixed(this: &Number, decimals: usize) -> String;
        #[wasm_bindgen(method, js_name = toString)]
        fn to_text(this: &Number) -> String;
        #[wasm_bindgen(method, js_name = toExponential)]
        fn to_exponential(this: &Number) -> String;
    }

    pub fn parse(text: &str) -> Option<f64> {
        // JavaScript takes nothing for 0.
        let value = if text.is_empty() { f64::NAN } else { number(text) };
        (!value.is_nan()).then_some(value)
    }

    pub fn fixed(value: f64, decimals: usize) -> String {
        JsValue::from_f64(value).unchecked_ref::<Number>().to_fixed(decimals)
    }

    pub fn shortest(value: f64) -> String {
        JsValue::from_f64(value).unchecked_ref::<Number>().to_text()
    }

    pub fn exponential(value: f64) -> String {
        JsValue::from_f64(value).unchecked_ref::<Number>().to_exponential()
    }
}

/// The nearest number from `low` to `high`. Unlike `f64::clamp` it has no panic that writes floats, with Rust's own tables.
pub fn within(value: f64, low: f64, high: f64) -> f64 {
    value.max(low).min(high)
}

pub use own::{exponential, fixed, parse, shortest};
