//! Numbers of a device, brought to the host without waiting for them.
//!
//! burn takes the page that a GPU copies a read to for free as soon as the read is dropped, though it may be mapped
//! still, and the next read that is given the page panics. So no read is dropped before it is done: one that nobody
//! waits for any more, because its run was replaced or diverged or its measurement given up, is kept here until then.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use burn::tensor::{ExecutionError, Tensor, TensorData, Transaction};

use crate::protocol::Trouble;

/// Numbers that are read at a time: 64 MiB.
const TOGETHER: usize = 16 << 20;

type UnderWay = Pin<Box<dyn Future<Output = Result<Vec<TensorData>, ExecutionError>>>>;

thread_local! {
    /// Reads that nobody waits for.
    static ABANDONED: RefCell<Vec<UnderWay>> = const { RefCell::new(Vec::new()) };
}

/// The numbers of a tensor on their way to the host, under way from the moment it is made. What is done to the tensor
/// later on does not change them.
///
/// # Errors
/// `DeviceLost` when the device no longer answers.
pub struct PendingRead {
    /// `None` once it is done.
    under_way: Option<UnderWay>,
    arrived: Option<Result<Vec<f32>, Trouble>>,
}

impl PendingRead {
    pub fn start<const D: usize>(tensor: Tensor<D>) -> Self {
        release_abandoned();
        // Not `into_data_async`, which in a native program does nothing before somebody looks at the numbers, and
        // panics then if the device was lost.
        let data = Transaction::default().register(tensor).execute_async();
        let mut read = PendingRead { under_way: Some(Box::pin(data)), arrived: None };
        // burn asks the device when it is polled first.
        read.poll_with(Waker::noop());
        read
    }

    /// Whether the numbers are here, so that awaiting them takes no time.
    pub fn has_arrived(&mut self) -> bool {
        self.poll_with(Waker::noop());
        self.arrived.is_some()
    }

    fn poll_with(&mut self, waker: &Waker) {
        let Some(under_way) = &mut self.under_way else { return };
        if let Poll::Ready(data) = under_way.as_mut().poll(&mut Context::from_waker(waker)) {
            self.under_way = None;
            self.arrived = Some(numbers(data));
        }
    }
}

impl Future for PendingRead {
    type Output = Result<Vec<f32>, Trouble>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_with(context.waker());
        self.arrived.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for PendingRead {
    fn drop(&mut self) {
        if let Some(under_way) = self.under_way.take() {
            // At the end of the thread there is nobody left to keep it, and no read that could be given its page.
            ABANDONED.try_with(|abandoned| abandoned.borrow_mut().push(under_way)).ok();
        }
    }
}

/// The numbers of a tensor.
///
/// # Errors
/// `DeviceLost` when the device no longer answers.
pub(crate) async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Trouble> {
    PendingRead::start(tensor).await
}

/// The numbers of several tensors, in one wait where they are few: a GPU takes a while to answer, and sets memory aside
/// for each read that is under way.
///
/// # Errors
/// `DeviceLost` when the device no longer answers.
pub(crate) async fn read_all<const N: usize>(tensors: [Tensor<1>; N]) -> Result<[Vec<f32>; N], Trouble> {
    let mut found = [const { Vec::new() }; N];
    if tensors.iter().map(|tensor| tensor.dims()[0]).sum::<usize>() <= TOGETHER {
        for (found, read) in found.iter_mut().zip(tensors.map(PendingRead::start)) {
            *found = read.await?;
        }
    } else {
        for (found, tensor) in found.iter_mut().zip(tensors) {
            *found = read(tensor).await?;
        }
    }
    Ok(found)
}

/// Lets go of the abandoned reads that are done.
fn release_abandoned() {
    let mut context = Context::from_waker(Waker::noop());
    ABANDONED.with_borrow_mut(|abandoned| abandoned.retain_mut(|read| read.as_mut().poll(&mut context).is_pending()));
}

fn numbers(data: Result<Vec<TensorData>, ExecutionError>) -> Result<Vec<f32>, Trouble> {
    let lost = |reason: String| Trouble::DeviceLost { reason };
    let data = data.map_err(|error| lost(error.to_string()))?;
    let data = data.into_iter().next().ok_or_else(|| lost("nothing was read".to_owned()))?;
    data.try_into_vec::<f32>().map_err(|error| lost(format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::learning::devices;

    fn abandoned() -> usize {
        ABANDONED.with_borrow(Vec::len)
    }

    #[test]
    fn reads_that_nobody_waits_for_leave_the_others_their_numbers() {
        for device in devices() {
            for round in 0..20 {
                let tensor = Tensor::<1>::full([4096], round as f32, &device);
                // Of the same size, so that they would be given the same pages.
                (0..3).for_each(|_| drop(PendingRead::start(tensor.clone())));
                let read = pollster::block_on(read(tensor)).unwrap();
                assert!(read.len() == 4096 && read.iter().all(|&value| value == round as f32));
            }
            while abandoned() > 0 {
                std::thread::sleep(std::time::Duration::from_millis(1));
                release_abandoned();
            }
        }
    }

    #[test]
    fn a_read_has_the_numbers_of_the_moment_it_was_started_in() {
        for device in devices() {
            let tensor = Tensor::<1>::full([1000], 1.0, &device);
            let read = PendingRead::start(tensor.clone());
            let changed = tensor * 2.0 + 1.0;
            assert_eq!(pollster::block_on(read).unwrap(), vec![1.0; 1000]);
            assert_eq!(pollster::block_on(PendingRead::start(changed)).unwrap(), vec![3.0; 1000]);
        }
    }

    #[test]
    fn several_tensors_are_read_in_their_order() {
        for device in devices() {
            let tensors = [3usize, 1, 5000].map(|length| Tensor::<1>::full([length], length as f32, &device));
            let found = pollster::block_on(read_all(tensors)).unwrap();
            assert_eq!(found, [3, 1, 5000].map(|length: usize| vec![length as f32; length]));
        }
    }

    #[test]
    fn what_has_arrived_is_known_without_waiting() {
        for device in devices() {
            let mut read = PendingRead::start(Tensor::<1>::ones([10], &device));
            while !read.has_arrived() {
                std::thread::yield_now();
            }
            assert_eq!(pollster::block_on(read).unwrap(), [1.0; 10]);
        }
    }
}
