//! The gradient of a token table as a kernel: one row of cubes a symbol, one unit a column.

use burn::{
    backend::{
        ops::FloatTensorOps,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::Shape,
};
use burn_backend::{TensorMetadata, cubecl::dtype_to_storage_type};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype};
use cubecl::prelude::*;

use super::{Kernels, TokenRows};

const UNITS: usize = 64;

impl TokenRows for CubeBackend {
    fn token_rows(
        table: FloatTensor<Self>,
        ids: IntTensor<Self>,
        _order: IntTensor<Self>,
        _starts: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        Self::float_select(table, 0, ids)
    }
}

impl Kernels for CubeBackend {
    fn backward(gradient: FloatTensor<Self>, order: IntTensor<Self>, starts: IntTensor<Self>) -> FloatTensor<Self> {
        let gradient = into_contiguous(gradient);
        let [_, columns] = gradient.shape().dims();
        let symbols = starts.shape().num_elements().saturating_sub(1);
        let table = empty_device_contiguous_dtype(
            gradient.client.clone(),
            gradient.device.clone(),
            Shape::from([symbols, columns]),
            gradient.dtype,
        );
        let ids = dtype_to_storage_type(order.dtype);
        gather_rows::launch(
            &table.client,
            CubeCount::Static(columns.div_ceil(UNITS) as u32, symbols as u32, 1),
            CubeDim::new_1d(UNITS as u32),
            gradient.into_buffer_arg(),
            into_contiguous(order).into_buffer_arg(),
            into_contiguous(starts).into_buffer_arg(),
            table.clone().into_buffer_arg(),
            columns,
            ids,
        );
        table
    }
}

/// `gradient` [N, C], `order` [N], `starts` [V + 1], `table` [V, C].
#[cube(launch)]
fn gather_rows<I: Int>(
    gradient: &[f32],
    order: &[I],
    starts: &[I],
    table: &mut [f32],
    columns: usize,
    #[define(I)] _ids: ElemType,
) {
    let column = ABSOLUTE_POS_X as usize;
    let symbol = CUBE_POS_Y as usize;
    if column < columns {
        let mut at = usize::cast_from(starts[symbol]);
        let end = usize::cast_from(starts[symbol + 1]);
        let mut sum = 0.0f32;
        while at < end {
            sum += gradient[usize::cast_from(order[at]) * columns + column];
            at += 1;
        }
        table[symbol * columns + column] = sum;
    }
}
