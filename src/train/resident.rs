//! The text that is learned, kept where it is read: on the device, so that a step uploads nothing.

use burn::tensor::{Device, Int, Tensor};

use crate::{linear::rows::by_id, model::on_device, text::Streams};

/// Ids that are kept on the device at a time: 8 MiB with their order. A longer text is brought over in parts.
const LARGEST: usize = 1 << 20;

/// Chunks of a text on a device.
#[derive(Debug)]
pub struct Resident {
    device: Device,
    /// [chunks, (T + 1)·B], flat; see [`super::backpropagation::Backpropagation`].
    text: Tensor<1, Int>,
    /// [chunks, T·B], flat.
    order: Option<Tensor<1, Int>>,
    /// The first chunk that is kept, and how many are.
    first: usize,
    count: usize,
}

/// Where a chunk stands on the device.
#[derive(Clone, Debug)]
pub struct ResidentChunk {
    pub text: Tensor<1, Int>,
    pub order: Option<Tensor<1, Int>>,
    pub index: usize,
    /// T.
    pub steps: usize,
    /// B.
    pub batch: usize,
}

impl Resident {
    /// Brings over the first part of `streams`.
    pub fn new(streams: &Streams, device: &Device) -> Self {
        let nothing = on_device(&[], device);
        let mut resident = Resident { device: device.clone(), text: nothing, order: None, first: 0, count: 0 };
        resident.bring(streams, 0);
        resident
    }

    /// Chunk `chunk` of an epoch, brought over if it is not there.
    pub fn chunk(&mut self, streams: &Streams, chunk: usize) -> ResidentChunk {
        if !(self.first..self.first + self.count).contains(&chunk) {
            self.bring(streams, chunk);
        }
        ResidentChunk {
            text: self.text.clone(),
            order: self.order.clone(),
            index: chunk - self.first,
            steps: streams.context(),
            batch: streams.batch(),
        }
    }

    fn bring(&mut self, streams: &Streams, chunk: usize) {
        let chunks = (LARGEST / streams.ids_a_chunk()).max(1);
        self.first = chunk - chunk % chunks;
        self.count = chunks.min(streams.chunks_per_epoch() as usize - self.first);
        let kept: Vec<Vec<u32>> = (self.first..self.first + self.count).map(|chunk| streams.ids(chunk)).collect();
        self.text = on_device(&kept.concat(), &self.device);
        let inputs = streams.batch() * streams.context();
        let order = || kept.iter().flat_map(|ids| by_id(&ids[..inputs])).collect::<Vec<_>>();
        // One core adds up a table's gradient in whatever order the tokens come.
        self.order = (self.device != Device::flex()).then(|| on_device(&order(), &self.device));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_is_found_on_the_device_also_when_the_text_comes_in_parts() {
        let device = Device::flex();
        let count = (3 * LARGEST) as u32;
        let streams = Streams::new((0..count).collect(), 8, 500).unwrap();
        let mut resident = Resident::new(&streams, &device);
        let last = streams.chunks_per_epoch() as usize - 1;
        for chunk in [0, 1, last / 2, last, 3] {
            let found = resident.chunk(&streams, chunk);
            let length = streams.ids_a_chunk();
            let there = found.text.narrow(0, found.index * length, length).to_data();
            assert_eq!(there.iter::<u32>().collect::<Vec<_>>(), streams.ids(chunk));
        }
    }
}
