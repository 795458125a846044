//! The one sort of the page: a generic one would be compiled anew for each kind of thing that is sorted.

/// Indices of `keys` from the least to the greatest; equal ones in their order, what is no number last.
pub fn rising(keys: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..keys.len() as u32).collect();
    // The index settles what is equal, so that the smaller, unstable sort does.
    order.sort_unstable_by(|&a, &b| keys[a as usize].total_cmp(&keys[b as usize]).then(a.cmp(&b)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_keep_their_order_and_no_number_comes_last() {
        assert_eq!(rising(&[2.0, f64::NAN, 1.0, 2.0, -1.0]), [4, 2, 0, 3, 1]);
        assert!(rising(&[]).is_empty());
    }
}
