//! What the page's address asks for: `?device=cpu|gpu|auto`, `?autostart=0`, `?lang=en|zh`, `?theme=light|dark|system`.

use crate::{page::theme::Theme, protocol::DeviceWish, words::Language};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    pub device: DeviceWish,
    pub autostart: bool,
    pub language: Option<Language>,
    pub theme: Option<Theme>,
}

impl Address {
    pub fn of_page() -> Self {
        let query = web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
        Address::parse(&query)
    }

    /// Whatever is missing or not understood is left at its default.
    fn parse(query: &str) -> Self {
        let value = |name: &str| {
            let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next_back()
        };
        Address {
            device: match value("device") {
                Some("cpu") => DeviceWish::Cpu,
                Some("gpu") => DeviceWish::Gpu,
                _ => DeviceWish::Auto,
            },
            autostart: value("autostart") != Some("0"),
            language: value("lang").and_then(Language::from_tag),
            theme: value("theme").and_then(Theme::from_name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_address_asks_for_nothing() {
        let address = Address::parse("");
        assert_eq!(address.device, DeviceWish::Auto);
        assert!(address.autostart);
        assert_eq!((address.language, address.theme), (None, None));
    }

    #[test]
    fn every_wish_is_read_and_nonsense_is_passed_over() {
        let address = Address::parse("?device=gpu&autostart=0&lang=zh&theme=dark&x");
        assert_eq!(address.device, DeviceWish::Gpu);
        assert!(!address.autostart);
        assert_eq!(address.language, Some(Language::Chinese));
        assert_eq!(address.theme, Some(Theme::Dark));
        assert_eq!(Address::parse("?device=toaster&lang=").device, DeviceWish::Auto);
    }
}
