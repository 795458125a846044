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

/// What one training step reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Time-major: [T, B].
    pub inputs: Vec<u32>,
    /// The id after each input: [T, B].
    pub targets: Vec<u32>,
    /// The state carried so far belongs to another place of the text.
    pub epoch_start: bool,
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

    /// The next chunk; after the last one of an epoch, the first one again.
    pub fn next_chunk(&mut self) -> Chunk {
        let chunk = self.position % self.chunks_per_epoch();
        self.position += 1;
        let start = chunk as usize * self.context;
        Chunk { inputs: self.block(start), targets: self.block(start + 1), epoch_start: chunk == 0 }
    }

    /// T ids of every stream from its `start` on: [T, B].
    fn block(&self, start: usize) -> Vec<u32> {
        let row = |time| (0..self.batch).map(move |stream| self.ids[stream * self.length + time]);
        (start..start + self.context).flat_map(row).collect()
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
    fn a_chunk_is_time_major_and_its_targets_are_the_next_ids() {
        // L = 12 / 3 = 4: the streams begin at 0, 4 and 8.
        let mut streams = streams(13, 3, 2);
        let first = streams.next_chunk();
        assert_eq!(first.inputs, [0, 4, 8, 1, 5, 9]);
        assert_eq!(first.targets, [1, 5, 9, 2, 6, 10]);
        let second = streams.next_chunk();
        assert_eq!(second.inputs, [2, 6, 10, 3, 7, 11]);
        assert_eq!(second.targets, [3, 7, 11, 4, 8, 12]);
    }

    #[test]
    fn an_epoch_starts_over_and_says_so() {
        // L = 16 / 3 = 5: two chunks of 2 an epoch, the fifth id of each stream is passed over.
        let mut streams = streams(17, 3, 2);
        let chunks: Vec<Chunk> = (0..5).map(|_| streams.next_chunk()).collect();
        assert_eq!(chunks.iter().map(|chunk| chunk.epoch_start).collect::<Vec<_>>(), [true, false, true, false, true]);
        assert_eq!((&chunks[0], &chunks[1]), (&chunks[2], &chunks[3]));
        assert_ne!(chunks[0].inputs, chunks[1].inputs);
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
