//! What is looked at, in all pictures at once: a step on one is a step on every other, a unit likewise.

use leptos::prelude::*;

/// Any picture reads and writes it.
#[derive(Clone, Copy)]
pub struct Selection {
    /// An earlier run that is pointed at, by its id.
    pub run: RwSignal<Option<u32>>,
    /// From 0.
    pub layer: RwSignal<usize>,
    /// A symbol of the text that is read, from 0.
    pub position: RwSignal<Option<usize>>,
    /// From 0, as the network numbers them.
    pub unit: RwSignal<Option<usize>>,
    /// Of the training.
    pub step: RwSignal<Option<u64>>,
}

impl Selection {
    /// Begins with what a link asks for. `layer`: the page's own, which it asks the engine for.
    pub fn new(layer: RwSignal<usize>) -> Self {
        let asked = window().location().hash().map(|hash| Linked::parse(&hash)).unwrap_or_default();
        if let Some(asked) = asked.layer {
            layer.set(asked as usize);
        }
        let place = |asked: Option<u64>| RwSignal::new(asked.map(|asked| asked as usize));
        Selection {
            run: RwSignal::new(None),
            layer,
            position: place(asked.position),
            unit: place(asked.unit),
            step: RwSignal::new(asked.step),
        }
    }

    /// The page's address with what is selected now.
    pub fn link(self) -> String {
        let linked = Linked {
            step: self.step.get_untracked(),
            layer: Some(self.layer.get_untracked() as u64),
            unit: self.unit.get_untracked().map(|unit| unit as u64),
            position: self.position.get_untracked().map(|position| position as u64),
        };
        let address = window().location().href().unwrap_or_default();
        let page = address.split('#').next().unwrap_or_default();
        [page, "#", &linked.written()].concat()
    }
}

/// The selection that the page's pictures share.
pub fn use_selection() -> Selection {
    expect_context::<Selection>()
}

/// A selection as the end of an address: `step=1200&layer=1&unit=18&position=41`, all counted from 1 but the step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Linked {
    step: Option<u64>,
    layer: Option<u64>,
    unit: Option<u64>,
    position: Option<u64>,
}

impl Linked {
    fn written(self) -> String {
        let from_one = |number: Option<u64>| number.map(|number| number + 1);
        let Linked { step, layer, unit, position } = self;
        let parts =
            [("step", step), ("layer", from_one(layer)), ("unit", from_one(unit)), ("position", from_one(position))];
        let parts: Vec<String> =
            parts.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name}={value}"))).collect();
        parts.join("&")
    }

    /// What is not understood is passed over.
    fn parse(hash: &str) -> Self {
        let value = |name: &str| -> Option<u64> {
            let mut pairs = hash.trim_start_matches('#').split('&').filter_map(|pair| pair.split_once('='));
            pairs.rfind(|(key, _)| *key == name)?.1.parse().ok()
        };
        let from_one = |name: &str| value(name)?.checked_sub(1).filter(|value| *value < 1 << 20);
        Linked { step: value("step"), layer: from_one("layer"), unit: from_one("unit"), position: from_one("position") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_brings_back_what_was_selected() {
        let linked = Linked { step: Some(1200), layer: Some(0), unit: Some(17), position: None };
        assert_eq!(linked.written(), "step=1200&layer=1&unit=18");
        assert_eq!(Linked::parse("#step=1200&layer=1&unit=18"), linked);
    }

    #[test]
    fn nonsense_in_a_link_selects_nothing() {
        assert_eq!(Linked::parse("#unit=0&layer=99999999999999999999&position=-1&step"), Linked::default());
        assert_eq!(Linked::parse(""), Linked::default());
    }
}
