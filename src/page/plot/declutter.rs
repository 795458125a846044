//! Where labels stand without covering one another.

use crate::page::sort::rising;

/// Places of labels `gap` apart, as near as can be to where they belong, within [low, high] as far as there is room.
///
/// Labels that would overlap form a block around the middle of their wishes (pool adjacent violators). The order of
/// the wishes is kept.
pub fn declutter(wishes: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let order = rising(wishes);
    // A block: its labels, and the sum of the places its first label would take for each wish.
    struct Block {
        labels: usize,
        sum: f64,
    }
    let place = |block: &Block| {
        let height = (block.labels - 1) as f64 * gap;
        (block.sum / block.labels as f64).min(high - height).max(low)
    };
    let mut blocks: Vec<Block> = Vec::new();
    for &index in &order {
        blocks.push(Block { labels: 1, sum: wishes[index as usize] });
        while let [.., above, below] = blocks.as_slice() {
            let height = above.labels as f64 * gap;
            if place(above) + height <= place(below) {
                break;
            }
            let joined = Block {
                labels: above.labels + below.labels,
                sum: above.sum + below.sum - below.labels as f64 * height,
            };
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    let mut places = vec![0.0; wishes.len()];
    let mut labels = order.into_iter();
    for block in &blocks {
        let first = place(block);
        for (row, index) in labels.by_ref().take(block.labels).enumerate() {
            places[index as usize] = first + row as f64 * gap;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_room_stay_where_they_belong() {
        assert_eq!(declutter(&[80.0, 10.0, 40.0], 14.0, 0.0, 100.0), [80.0, 10.0, 40.0]);
    }

    #[test]
    fn labels_that_would_overlap_part_around_their_middle() {
        assert_eq!(declutter(&[50.0, 50.0], 10.0, 0.0, 100.0), [45.0, 55.0]);
        assert_eq!(declutter(&[50.0, 52.0, 51.0], 10.0, 0.0, 100.0), [41.0, 61.0, 51.0]);
    }

    #[test]
    fn labels_keep_off_the_edges_and_apart_from_a_block_that_was_pushed() {
        let places = declutter(&[0.0, 1.0, 2.0, 27.0], 10.0, 0.0, 100.0);
        assert_eq!(places, [0.0, 10.0, 20.0, 30.0]);
        let places = declutter(&[98.0, 99.0], 10.0, 0.0, 100.0);
        assert_eq!(places, [90.0, 100.0]);
    }
}
