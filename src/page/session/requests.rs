//! What each request that is under way was for.

use super::texts::KeptText;
use crate::protocol::{Request, RequestId};

/// What follows from the end of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    Open,
    Text(KeptText),
    /// A run in place of the present one, or the present one from an earlier step.
    Run,
    Writing,
    Picture,
    /// The present run as a file, for another engine.
    Move,
    /// Nothing follows, and a refusal is told.
    Other,
}

impl Purpose {
    /// Of any request but one that brings a text.
    pub fn of(request: &Request) -> Self {
        match request {
            Request::Open { .. } => Purpose::Open,
            Request::Build { .. } | Request::FineTune { .. } | Request::Load | Request::Recover { .. } => Purpose::Run,
            Request::Generate(_) => Purpose::Writing,
            Request::Subscribe { .. } => Purpose::Picture,
            _ => Purpose::Other,
        }
    }
}

/// Requests that the engine has not answered yet.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    last: RequestId,
    pending: Vec<(RequestId, Purpose)>,
}

impl Requests {
    /// The number of a new request.
    pub fn begin(&mut self, purpose: Purpose) -> RequestId {
        self.last += 1;
        self.pending.push((self.last, purpose));
        self.last
    }

    /// What the request was for; `None` for one that is over already, or was asked of another engine.
    pub fn end(&mut self, id: RequestId) -> Option<Purpose> {
        let index = self.pending.iter().position(|(pending, _)| *pending == id)?;
        Some(self.pending.remove(index).1)
    }

    pub fn get(&self, id: RequestId) -> Option<&Purpose> {
        self.pending.iter().find(|(pending, _)| *pending == id).map(|(_, purpose)| purpose)
    }

    /// The engine that they were asked of is no more. Numbers are never used again.
    pub fn clear(&mut self) {
        self.pending.clear();
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_ends_once_and_no_number_is_used_twice() {
        let mut requests = Requests::default();
        let (first, second) = (requests.begin(Purpose::Open), requests.begin(Purpose::Writing));
        assert_eq!(requests.end(first), Some(Purpose::Open));
        assert_eq!(requests.end(first), None);
        assert_eq!(requests.get(second), Some(&Purpose::Writing));
        requests.clear();
        assert_eq!(requests.end(second), None);
        assert!(requests.begin(Purpose::Other) > second);
    }
}
