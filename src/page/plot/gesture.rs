//! What a pointer, the wheel and the keys ask of a picture.

/// A place on a picture, in CSS pixels from its corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

impl Point {
    fn minus(self, other: Point) -> Point {
        Point { x: self.x - other.x, y: self.y - other.y }
    }

    fn distance(self, other: Point) -> f64 {
        let Point { x, y } = self.minus(other);
        x.hypot(y)
    }

    fn middle(self, other: Point) -> Point {
        Point { x: (self.x + other.x) / 2.0, y: (self.y + other.y) / 2.0 }
    }
}

/// One pointer that was pressed and is moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drag {
    pub from: Point,
    pub to: Point,
    /// Since the picture was told last.
    pub by: Point,
    /// It was lifted.
    pub done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    Nothing,
    /// The cursor is here.
    Point(Point),
    Drag(Drag),
    /// The drag became something else: as if it had not been.
    GiveUp,
    /// Shows it `factor` times as large, what is at a point staying there.
    Zoom(f64, Point),
}

/// Pointers that are down, and where each is. One that moves drags, two that move apart enlarge, none points.
#[derive(Clone, Debug, Default)]
pub struct Pointers {
    down: Vec<(i32, Point)>,
    from: Point,
    dragging: bool,
}

impl Pointers {
    /// A press that moves less than this is no drag.
    const LEAST_DRAG: f64 = 4.0;

    pub fn press(&mut self, id: i32, at: Point) -> Act {
        self.down.retain(|pointer| pointer.0 != id);
        self.down.push((id, at));
        if self.down.len() == 1 {
            self.from = at;
            return Act::Point(at);
        }
        if std::mem::take(&mut self.dragging) { Act::GiveUp } else { Act::Nothing }
    }

    pub fn hover(&mut self, id: i32, at: Point) -> Act {
        let others = self.down.iter().find(|pointer| pointer.0 != id).map(|pointer| pointer.1);
        let Some(pointer) = self.down.iter_mut().find(|pointer| pointer.0 == id) else {
            // Beside a finger that is down a hovering mouse means nothing.
            return if others.is_none() { Act::Point(at) } else { Act::Nothing };
        };
        let before = std::mem::replace(&mut pointer.1, at);
        if let Some(other) = others {
            return Act::Zoom(at.distance(other).max(1.0) / before.distance(other).max(1.0), at.middle(other));
        }
        let begins = !self.dragging && at.distance(self.from) >= Self::LEAST_DRAG;
        if !self.dragging && !begins {
            return Act::Point(at);
        }
        self.dragging = true;
        // What was held back until it was a drag is not lost.
        let by = at.minus(if begins { self.from } else { before });
        Act::Drag(Drag { from: self.from, to: at, by, done: false })
    }

    pub fn release(&mut self, id: i32, at: Point) -> Act {
        self.down.retain(|pointer| pointer.0 != id);
        // The finger that is left begins anew.
        if let Some(&(_, left)) = self.down.first() {
            self.from = left;
        }
        if !std::mem::take(&mut self.dragging) {
            return Act::Nothing;
        }
        Act::Drag(Drag { from: self.from, to: at, by: Point::default(), done: true })
    }

    /// The browser took the pointer for something of its own.
    pub fn cancel(&mut self, id: i32) -> Act {
        self.down.retain(|pointer| pointer.0 != id);
        if std::mem::take(&mut self.dragging) { Act::GiveUp } else { Act::Nothing }
    }
}

/// A turn of the wheel, or two fingers on a trackpad.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wheel {
    /// In pixels, to the right and down.
    pub by: Point,
    pub at: Point,
    pub shift: bool,
    /// Ctrl or ⌘; browsers also say so of a pinch.
    pub modified: bool,
    /// The picture has the focus.
    pub focused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Turn {
    /// The page scrolls.
    Page,
    /// Nobody has any use for it.
    Nobody,
    Pan(Point),
    Zoom(f64, Point),
}

impl Wheel {
    /// `moves`: there is something beside what is shown; `shrinks`: there is more than what is shown.
    pub fn turn(self, moves: bool, shrinks: bool) -> Turn {
        let Wheel { by, at, shift, modified, focused } = self;
        if !modified && (shift || by.x.abs() > by.y.abs()) {
            let by = Point { x: by.x + if shift { by.y } else { 0.0 }, y: 0.0 };
            return if moves { Turn::Pan(by) } else { Turn::Page };
        }
        if !modified && !focused {
            return Turn::Page;
        }
        if by.y > 0.0 && !shrinks {
            // With Ctrl the page itself would shrink.
            return if modified { Turn::Nobody } else { Turn::Page };
        }
        // A pinch comes in small turns, a wheel in turns of a hundred pixels.
        let speed = if modified && by.y.abs() < 40.0 { 0.01 } else { 0.002 };
        Turn::Zoom((-by.y.clamp(-240.0, 240.0) * speed).exp(), at)
    }
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ask {
    Zoom(f64),
    ShowAll,
    /// No cursor.
    Leave,
    /// Moves the cursor by so many cells or pixels; `far`: to the end.
    Move {
        right: i32,
        down: i32,
        far: bool,
    },
    /// The same with what is shown, by tenths of it.
    Pan {
        right: i32,
        down: i32,
    },
}

/// `key` as the browser names it.
pub fn asked(key: &str, shift: bool) -> Option<Ask> {
    let go = |right, down| if shift { Ask::Pan { right, down } } else { Ask::Move { right, down, far: false } };
    Some(match key {
        "+" | "=" => Ask::Zoom(1.5),
        "-" | "_" | "−" => Ask::Zoom(1.0 / 1.5),
        "0" => Ask::ShowAll,
        "Escape" => Ask::Leave,
        "ArrowLeft" => go(-1, 0),
        "ArrowRight" => go(1, 0),
        "ArrowUp" => go(0, -1),
        "ArrowDown" => go(0, 1),
        "Home" => Ask::Move { right: -1, down: 0, far: true },
        "End" => Ask::Move { right: 1, down: 0, far: true },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    #[test]
    fn a_press_that_hardly_moves_is_a_point_and_one_that_moves_a_drag() {
        let mut pointers = Pointers::default();
        assert_eq!(pointers.hover(1, at(5.0, 5.0)), Act::Point(at(5.0, 5.0)));
        assert_eq!(pointers.press(1, at(10.0, 10.0)), Act::Point(at(10.0, 10.0)));
        assert_eq!(pointers.hover(1, at(12.0, 10.0)), Act::Point(at(12.0, 10.0)));
        let drag = |to: f64, by: f64, done| Drag { from: at(10.0, 10.0), to: at(to, 10.0), by: at(by, 0.0), done };
        assert_eq!(pointers.hover(1, at(20.0, 10.0)), Act::Drag(drag(20.0, 10.0, false)));
        assert_eq!(pointers.hover(1, at(18.0, 10.0)), Act::Drag(drag(18.0, -2.0, false)));
        assert_eq!(pointers.release(1, at(18.0, 10.0)), Act::Drag(drag(18.0, 0.0, true)));
        assert_eq!(pointers.hover(1, at(19.0, 10.0)), Act::Point(at(19.0, 10.0)));
    }

    #[test]
    fn a_second_finger_ends_the_drag_and_two_zoom_around_their_middle() {
        let mut pointers = Pointers::default();
        pointers.press(1, at(0.0, 0.0));
        pointers.hover(1, at(50.0, 0.0));
        assert_eq!(pointers.press(2, at(150.0, 0.0)), Act::GiveUp);
        assert_eq!(pointers.hover(2, at(250.0, 0.0)), Act::Zoom(2.0, at(150.0, 0.0)));
        assert_eq!(pointers.release(2, at(250.0, 0.0)), Act::Nothing);
        assert_eq!(pointers.hover(1, at(52.0, 0.0)), Act::Point(at(52.0, 0.0)), "the other finger begins anew");
    }

    #[test]
    fn the_wheel_scrolls_the_page_until_a_key_is_held_or_the_picture_has_the_focus() {
        let down = Wheel { by: at(0.0, 100.0), ..Wheel::default() };
        let up = Wheel { by: at(0.0, -100.0), ..Wheel::default() };
        let zooms = |wheel: Wheel| matches!(wheel.turn(true, true), Turn::Zoom(..));
        assert_eq!((down.turn(true, true), up.turn(true, true)), (Turn::Page, Turn::Page));
        for wheel in [down, up] {
            assert!(zooms(Wheel { modified: true, ..wheel }));
            assert!(zooms(Wheel { focused: true, ..wheel }));
        }
        let Turn::Zoom(factor, _) = (Wheel { focused: true, ..up }).turn(true, true) else { panic!("it zooms") };
        assert!(factor > 1.0, "up enlarges");
    }

    #[test]
    fn where_nothing_is_left_to_shrink_the_page_scrolls_but_is_never_zoomed_itself() {
        let down = Wheel { by: at(0.0, 100.0), ..Wheel::default() };
        assert_eq!((Wheel { focused: true, ..down }).turn(false, false), Turn::Page);
        assert_eq!((Wheel { modified: true, ..down }).turn(false, false), Turn::Nobody);
    }

    #[test]
    fn sideways_moves_what_is_shown_where_there_is_more_of_it() {
        let right = Wheel { by: at(30.0, 4.0), ..Wheel::default() };
        assert_eq!(right.turn(true, true), Turn::Pan(at(30.0, 0.0)));
        assert_eq!(right.turn(false, false), Turn::Page);
        let shifted = Wheel { by: at(0.0, 40.0), shift: true, ..Wheel::default() };
        assert_eq!(shifted.turn(true, true), Turn::Pan(at(40.0, 0.0)));
    }

    #[test]
    fn arrows_move_the_cursor_and_with_shift_the_picture() {
        assert_eq!(asked("ArrowLeft", false), Some(Ask::Move { right: -1, down: 0, far: false }));
        assert_eq!(asked("ArrowDown", true), Some(Ask::Pan { right: 0, down: 1 }));
        assert_eq!(asked("0", false), Some(Ask::ShowAll));
        assert_eq!(asked("Tab", false), None);
    }
}
