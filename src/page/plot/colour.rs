//! Colours as numbers, and the diverging scale.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
}

impl Colour {
    pub const fn hex(value: u32) -> Self {
        Colour { red: (value >> 16) as u8, green: (value >> 8) as u8, blue: value as u8 }
    }

    /// An opaque colour as a canvas gives it back, whichever way it was written: `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        Some(Colour::hex(u32::from_str_radix(digits, 16).ok()?))
    }

    /// As CSS, with an opacity.
    pub fn css(self, opacity: f64) -> String {
        let alpha = (255.0 * opacity.clamp(0.0, 1.0) + 0.5) as u8;
        format!("#{:08x}", u32::from_be_bytes([self.red, self.green, self.blue, alpha]))
    }

    fn mix(self, other: Colour, part: f32) -> Colour {
        let mix = |a: u8, b: u8| (f32::from(a) + part * (f32::from(b) - f32::from(a)) + 0.5) as u8;
        Colour { red: mix(self.red, other.red), green: mix(self.green, other.green), blue: mix(self.blue, other.blue) }
    }
}

/// Low – middle – high, centred on zero, from −1 to +1: the pixels of 255 values.
#[derive(Clone, Debug, PartialEq)]
pub struct Diverging {
    /// Red, green, blue, opacity, in the byte order of an `ImageData`.
    pixels: [[u8; 4]; Diverging::STEPS],
}

impl Diverging {
    /// Odd, so that zero has a colour of its own.
    const STEPS: usize = 255;

    pub fn new(low: Colour, middle: Colour, high: Colour) -> Self {
        let pixels = std::array::from_fn(|index| {
            let value = 2.0 * index as f32 / (Self::STEPS - 1) as f32 - 1.0;
            let end = if value < 0.0 { low } else { high };
            let Colour { red, green, blue } = middle.mix(end, value.abs());
            [red, green, blue, 255]
        });
        Diverging { pixels }
    }

    /// The pixel of a value; beyond ±1 the ends, for no number the middle.
    pub fn pixel(&self, value: f32) -> [u8; 4] {
        const MIDDLE: i32 = Diverging::STEPS as i32 / 2;
        // Half a million cells a frame: `floor` is an instruction of its own in wasm and `round` is not, and what is no
        // number becomes 0 by the cast.
        let step = (value * MIDDLE as f32 + 0.5).floor() as i32;
        self.pixels[(step.clamp(-MIDDLE, MIDDLE) + MIDDLE) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_a_canvas_writes_them() {
        assert_eq!(Colour::parse("#2b6cb0"), Some(Colour::hex(0x2b6cb0)));
        assert_eq!(Colour::parse("rgba(0, 0, 0, 0)"), None);
        assert_eq!(Colour::parse(""), None);
    }

    #[test]
    fn an_opacity_is_written_with_the_colour() {
        assert_eq!(Colour::hex(0x2b6cb0).css(1.0), "#2b6cb0ff");
        assert_eq!(Colour::hex(0x00000a).css(0.5), "#00000a80");
    }

    #[test]
    fn the_scale_is_centred_on_zero_and_ends_at_one() {
        let (low, middle, high) = (Colour::hex(0x2166ac), Colour::hex(0xfaf9f6), Colour::hex(0xb2182b));
        let scale = Diverging::new(low, middle, high);
        let pixel = |colour: Colour| [colour.red, colour.green, colour.blue, 255];
        assert_eq!(scale.pixel(0.0), pixel(middle));
        assert_eq!(scale.pixel(f32::NAN), pixel(middle));
        assert_eq!(scale.pixel(-1.0), pixel(low));
        assert_eq!(scale.pixel(7.0), pixel(high));
        assert_ne!(scale.pixel(0.1), scale.pixel(-0.1));
    }
}
