//! Stable sorting with a small code size.

use std::cmp::Ordering;

/// Sorts items; the sort is stable.
///
/// Why not `sort_by` of the standard library: it is compiled for each type, some 4 KB each; this one sorts indexes.
pub fn sort_by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let order = places(items.len(), &|one, other| compare(&items[one], &items[other]));
    let mut slots: Vec<Option<T>> = std::mem::take(items).into_iter().map(Some).collect();
    items.extend(order.into_iter().filter_map(|place| slots[place].take()));
}

/// Sorts by a key; stable.
pub fn sort_by_key<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) {
    sort_by(items, |one, other| key(one).cmp(&key(other)));
}

fn places(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|one, other| compare(*one, *other));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let items: Vec<(u32, u32)> = (0..200).map(|n| ((n * 7919) % 13, n)).collect();
        let (mut ours, mut theirs) = (items.clone(), items);
        sort_by_key(&mut ours, |item| std::cmp::Reverse(item.0));
        theirs.sort_by_key(|item| std::cmp::Reverse(item.0));
        assert_eq!(ours, theirs);
    }
}
