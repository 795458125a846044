//! Light, dark, or as the system says.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub fn from_name(name: &str) -> Option<Theme> {
        match name {
            "system" => Some(Theme::System),
            "light" => Some(Theme::Light),
            "dark" => Some(Theme::Dark),
            _ => None,
        }
    }

    /// The next one of the switch: the look that the system has not, the look that it has, then as the system says.
    pub fn next(self) -> Theme {
        let (other, same) = if system_is_dark() { (Theme::Light, Theme::Dark) } else { (Theme::Dark, Theme::Light) };
        match self {
            Theme::System => other,
            theme if theme == other => same,
            _ => Theme::System,
        }
    }

    pub fn is_dark(self) -> bool {
        match self {
            Theme::System => system_is_dark(),
            Theme::Light => false,
            Theme::Dark => true,
        }
    }

    /// Index into the switch's words.
    pub const fn index(self) -> usize {
        match self {
            Theme::System => 0,
            Theme::Light => 1,
            Theme::Dark => 2,
        }
    }

    /// The dark colours are a style sheet of their own, whose condition is set here.
    pub fn apply(self) {
        let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
        if let Some(sheet) = document.get_element_by_id("dark-theme") {
            let condition = match self {
                Theme::System => "(prefers-color-scheme: dark)",
                Theme::Light => "not all",
                Theme::Dark => "all",
            };
            let _ = sheet.set_attribute("media", condition);
        }
        if let Some(root) = document.document_element() {
            let _ = root.set_attribute("data-theme", if self.is_dark() { "dark" } else { "light" });
        }
    }
}

fn system_is_dark() -> bool {
    web_sys::window()
        .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok().flatten())
        .is_some_and(|query| query.matches())
}
