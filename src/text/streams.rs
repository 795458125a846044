//! The training part as contiguous streams, for truncated back-propagation through time that carries its state.

use std::sync::Arc;

use crate::protocol::{Limits, Setting, Trouble};

/// Cuts N ids into B streams that are read side by side, T ids at a time, again and again.
///
/// Stream b is ids [b·L, (b+1)·L) with L = ⌊(N−1)/B⌋, so that every id has a next one to predict. An epoch has
/// ⌊L/T⌋ chunks; what is left at the end of a stream is passed over. A chunk goes on where the one before it ended,
/// so a model keeps its state from chunk to chunk and zeroes it where an epoch starts.
#[derive(Clone, Debug)]
pub struct Streams {
    ids: Arc<[u32]>,
    batch: usize,
    context: usize,
    /// L: from the start of one stream to the start of the next.
    length: usize,
    /// Chunks read so far.
    position: u64,
}

impl Streams {
    /// # Errors
    /// `OutOfRange` for a batch or a context out of their limits; `TextTooShort` where `ids` do not fill one chunk,
    /// which takes B·T + 1.
    pub fn new(ids: Arc<[u32]>, batch: usize, context: usize) -> Result<Self, Trouble> {
        Limits::BATCH.check(Setting::Batch, batch as f64)?;
        Limits::CONTEXT.check(Setting::Context, context as f64)?;
        let (tokens, needed) = (ids.len(), batch * context + 1);
        if tokens < needed {
            return Err(Trouble::TextTooShort { tokens, needed, batch, context });
        }
        Ok(Streams { length: (tokens - 1) / batch, ids, batch, context, position: 0 })
    }

    pub fn chunks_per_epoch(&self) -> u64 {
        (self.length / self.context) as u64
    }

    /// Chunks read so far, over all epochs.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Goes where `position` was read. A state that was carried must be brought back with it.
    pub fn seek(&mut self, position: u64) {
        self.position = position;
    }

    /// T.
    pub fn context(&self) -> usize {
        self.context
    }

    /// B.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The number of the next chunk within its epoch; where it is 0, the state carried so far belongs to another place
    /// of the text.
    pub fn next_chunk(&mut self) -> usize {
        let chunk = self.position % self.chunks_per_epoch();
        self.position += 1;
        chunk as usize
    }

    /// (T + 1)·B.
    pub fn ids_a_chunk(&self) -> usize {
        (self.context + 1) * self.batch
    }

    /// What `chunk` of an epoch reads and predicts, time-major: [T + 1, B]. The id after each of the first T·B stands B
    /// further on.
    pub fn ids(&self, chunk: usize) -> Vec<u32> {
        let start = chunk * self.context;
        let row = |time| (0..self.batch).map(move |stream| self.ids[stream * self.length + time]);
        (start..=start + self.context).flat_map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids that say where they stand.
    fn streams(tokens: u32, batch: usize, context: usize) -> Streams {
        Streams::new((0..tokens).collect(), batch, context).unwrap()
    }

    #[test]
    fn the_reference_protocol_has_490_chunks_an_epoch() {
        assert_eq!(streams(1_003_854, 32, 64).chunks_per_epoch(), 490);
    }

    #[test]
    fn a_chunk_is_time_major_and_the_next_ids_follow_a_batch_later() {
        // L = 12 / 3 = 4: the streams begin at 0, 4 and 8.
        let streams = streams(13, 3, 2);
        assert_eq!(streams.ids(0), [0, 4, 8, 1, 5, 9, 2, 6, 10]);
        assert_eq!(streams.ids(1), [2, 6, 10, 3, 7, 11, 4, 8, 12]);
        assert_eq!(streams.ids_a_chunk(), 9);
    }

    #[test]
    fn an_epoch_starts_over() {
        // L = 16 / 3 = 5: two chunks of 2 an epoch, the fifth id of each stream is passed over.
        let mut streams = streams(17, 3, 2);
        assert_eq!((0..5).map(|_| streams.next_chunk()).collect::<Vec<_>>(), [0, 1, 0, 1, 0]);
    }

    #[test]
    fn a_position_is_found_again() {
        let mut streams = streams(100, 3, 4);
        for _ in 0..11 {
            streams.next_chunk();
        }
        let position = streams.position();
        let mut other = streams.clone();
        other.seek(0);
        other.seek(position);
        assert_eq!(other.next_chunk(), streams.next_chunk());
    }

    #[test]
    fn one_chunk_is_enough_and_less_is_refused() {
        assert_eq!(streams(7, 3, 2).chunks_per_epoch(), 1);
        let refused = Streams::new((0..6).collect(), 3, 2).unwrap_err();
        assert_eq!(refused, Trouble::TextTooShort { tokens: 6, needed: 7, batch: 3, context: 2 });
    }

    #[test]
    fn a_batch_or_context_of_nothing_is_refused() {
        for (batch, context) in [(0, 1), (1, 0), (usize::MAX, 1)] {
            let refused = Streams::new((0..6).collect(), batch, context).unwrap_err();
            assert!(matches!(refused, Trouble::OutOfRange { .. }), "{refused:?}");
        }
    }
}
