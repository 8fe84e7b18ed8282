"""One vector instruction for many sources: the innermost step of the sweep.

Written as LLVM vectors because the plain loop, whose source and destination rows lie in one array,
is left scalar by the compiler, and is then three to four times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic

LANES = 64
"""Sources that share one walk over the arcs. A row of them is four or eight cache lines."""


def _relax(
    _typing: Any,
    rows: Any,
    to: Any,  # noqa: ARG001 - numba passes the arguments' types by position
    from_rows: Any,
    source: Any,  # noqa: ARG001
    cost: Any,  # noqa: ARG001
) -> tuple[Any, Any]:
    """``rows[to] = minimum(rows[to], from_rows[source] + cost)`` over all lanes.

    Infinities behave as in IEEE arithmetic. Rows are C-contiguous and LANES wide; nothing checks
    the bounds.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows_type, _, from_type, _, _ = signature.args
        element = context.get_data_type(rows_type.dtype)
        lanes = ir.VectorType(element, LANES)
        align = context.get_abi_sizeof(element)

        def pointer(array_type: Any, array: Any, row: Any) -> Any:
            data = context.make_array(array_type)(context, builder, array).data
            first = builder.gep(data, [builder.mul(row, ir.Constant(row.type, LANES))])
            return builder.bitcast(first, lanes.as_pointer())

        destination = pointer(rows_type, args[0], args[1])
        old = builder.load(destination, align=align)
        before = builder.load(pointer(from_type, args[2], args[3]), align=align)
        undefined = ir.Constant(lanes, ir.Undefined)
        first = builder.insert_element(undefined, args[4], ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
        new = builder.fadd(before, builder.shuffle_vector(first, undefined, everywhere))
        less = builder.select(builder.fcmp_ordered("<", new, old), new, old)
        builder.store(less, destination, align=align)
        return context.get_dummy_value()

    return types.void(rows, types.intp, from_rows, types.intp, rows.dtype), generate


relax = cast("Callable[..., None]", intrinsic(_relax))
