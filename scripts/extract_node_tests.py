"""Extracts the ONNX project's node tests for the operators of docs/operators.md.

usage: extract_node_tests.py OUT

Kept: tests of one operator of the standard domain whose tensors are all float32, int64, int32, uint8 or bool.
The rest is counted and named in OUT/SKIPPED. Each kept test is a folder as in the onnx repository: model.onnx,
test_data_set_0/{input,output}_N.pb.
"""

import pathlib
import re
import shutil
import sys
import warnings

import onnx
from onnx import TensorProto, numpy_helper

KEPT_TYPES = {
    TensorProto.FLOAT,
    TensorProto.INT64,
    TensorProto.INT32,
    TensorProto.UINT8,
    TensorProto.BOOL,
}


def accepted_operators(table: pathlib.Path) -> set[str]:
    rows = re.findall(r"^\| `(\w+)` \|", table.read_text(), flags=re.MULTILINE)
    return set(rows)


def tensor_types(model: onnx.ModelProto) -> set[int]:
    values = list(model.graph.input) + list(model.graph.output)
    return {value.type.tensor_type.elem_type for value in values}


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    operators = accepted_operators(pathlib.Path("docs/operators.md"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        cases = collect_testcases(None)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    kept, skipped = 0, []
    for case in cases:
        model = case.model
        nodes = model.graph.node
        if len(nodes) != 1 or nodes[0].domain not in ("", "ai.onnx") or nodes[0].op_type not in operators:
            continue
        types = tensor_types(model)
        if not types <= KEPT_TYPES:
            skipped.append(f"{case.name}: element types {sorted(types - KEPT_TYPES)}")
            continue
        folder = out / case.name
        data = folder / "test_data_set_0"
        data.mkdir(parents=True)
        onnx.save(model, folder / "model.onnx")
        (folder / "tolerance.txt").write_text(f"{case.rtol} {case.atol}\n")
        inputs, outputs = case.data_sets[0]
        for kind, arrays in (("input", inputs), ("output", outputs)):
            for index, array in enumerate(arrays):
                if array is None:
                    continue
                tensor = numpy_helper.from_array(array)
                (data / f"{kind}_{index}.pb").write_bytes(tensor.SerializeToString())
        kept += 1
    (out / "SKIPPED").write_text("\n".join(skipped) + "\n")
    print(f"{kept} node tests for {len(operators)} operators in {out}; {len(skipped)} of other types left out")


if __name__ == "__main__":
    main()
