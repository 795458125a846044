//! A text that the engine has taken, with what it has found out about it.

use std::{cell::RefCell, rc::Rc};

use crate::{
    protocol::{Baseline, TextId, TextReport},
    text::{Corpus, Ngrams},
};

pub struct Text {
    pub id: TextId,
    pub corpus: Corpus,
    /// Lowest order first, as far as they are known.
    baselines: RefCell<Vec<Baseline>>,
}

impl Text {
    pub fn new(id: TextId, corpus: Corpus) -> Rc<Self> {
        Rc::new(Text { id, corpus, baselines: RefCell::default() })
    }

    pub fn report(&self) -> TextReport {
        self.corpus.report(self.id, &self.baselines.borrow())
    }

    /// What counts its n-grams, a slice at a time.
    pub fn ngrams(&self) -> Ngrams {
        Ngrams::new(self.corpus.train(), self.corpus.valid(), self.corpus.vocabulary().len())
    }

    /// The n-gram losses are known from here on.
    pub fn set_baselines(&self, baselines: Vec<Baseline>) {
        self.baselines.replace(baselines);
    }
}
