"""What no source file of the product does, because it cost somebody their work or their machine before."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.source import Module, dotted, imported, modules

# Knows the format of pickles, and lets nothing but plain values and arrays through.
RESTRICTED_UNPICKLER = "understudy.pickles"
# Reads state dicts, always with weights_only=True, and knows the error that torch refuses others with.
READS_STATE_DICTS = "understudy.networks.weight_reading"
# Names what is written aside: with the process's number alone, two threads write into one file.
NAMES_ASIDE = "understudy.files"
PICKLING = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal", "joblib"}
RUNS_TEXT = {"eval", "exec", "os.system", "os.popen", "subprocess.getoutput"}
UNPICKLES = {"torch.load", "torch.save", "pickle.load", "pickle.loads", "joblib.load", "joblib.dump"}
BLIND = {"Exception", "BaseException"}
# They carry whatever happened in their thread or process to the one that reads from it, and raise it there.
# The studio's goes to its log and to the window that asked.
CARRIES_ERRORS = {"understudy.workers.crew", "understudy.studio.mishaps"}


def _calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def _arguments(call: ast.Call) -> dict[str | None, object]:
    return {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}


def _reads_weights_only(module: Module, call: ast.Call, name: str) -> bool:
    only = _arguments(call).get("weights_only") is True
    return module.name == READS_STATE_DICTS and name == "torch.load" and only


def test_nothing_of_ours_is_pickled() -> None:
    bad = [
        f"{module.at(node)} {name}"
        for module in modules()
        for node, name in imported(module.tree)
        if name.split(".")[0] in PICKLING
        and (module.name, name) != (READS_STATE_DICTS, "pickle.UnpicklingError")
    ]
    assert not bad, "\n".join(bad)


def test_one_module_alone_knows_the_format_of_pickles() -> None:
    knowing = {m.name for m in modules() for _, name in imported(m.tree) if name.startswith("pickletools")}
    assert knowing == {RESTRICTED_UNPICKLER}


def test_no_file_is_loaded_in_a_way_that_can_run_it() -> None:
    bad = [
        f"{module.at(call)} {name}"
        for module in modules()
        for call, name in _calls(module)
        if (name in UNPICKLES and not _reads_weights_only(module, call, name))
        or _arguments(call).get("allow_pickle") is True
    ]
    assert not bad, "\n".join(bad)


def test_no_text_is_run_as_code_or_by_a_shell() -> None:
    bad = [
        f"{module.at(call)} {name}"
        for module in modules()
        for call, name in _calls(module)
        if name in RUNS_TEXT or _arguments(call).get("shell") is True
    ]
    assert not bad, "\n".join(bad)


def test_no_error_is_caught_without_a_name() -> None:
    bad = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler):
                kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                carried = module.name in CARRIES_ERRORS and node.name is not None
                if not carried and any(kind is None or dotted(kind) in BLIND for kind in kinds):
                    bad.append(module.at(node))
            if isinstance(node, ast.Call) and dotted(node.func).endswith("suppress"):
                bad += [module.at(node) for argument in node.args if dotted(argument) in BLIND]
    assert not bad, "\n".join(bad)


def test_only_files_makes_names_of_the_processs_number() -> None:
    bad = [
        module.at(text)
        for module in modules()
        if module.name != NAMES_ASIDE
        for text in ast.walk(module.tree)
        if _makes_a_name(text)
        if any(isinstance(node, ast.Call) and _asks_for_number(node) for node in ast.walk(text))
    ]
    assert not bad, "\n".join(bad)


def _makes_a_name(node: ast.AST) -> bool:
    naming = ("with_name", "with_suffix", "with_stem", "joinpath", "format", "join")
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in naming
    return called or isinstance(node, ast.JoinedStr | ast.BinOp)


def _asks_for_number(call: ast.Call) -> bool:
    return dotted(call.func).endswith("getpid")


def test_nothing_is_global() -> None:
    bad = [m.at(node) for m in modules() for node in ast.walk(m.tree) if isinstance(node, ast.Global)]
    assert not bad, "\n".join(bad)


def test_only_the_command_line_prints() -> None:
    bad = [
        module.at(call)
        for module in modules()
        if not module.name.startswith("understudy.cli")
        for call, name in _calls(module)
        if name == "print"
    ]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize(
    ("code", "test"),
    [
        ("import pickle", test_nothing_of_ours_is_pickled),
        ("import pickletools", test_one_module_alone_knows_the_format_of_pickles),
        ("from joblib import load", test_nothing_of_ours_is_pickled),
        ("import torch\ntorch.load('x')", test_no_file_is_loaded_in_a_way_that_can_run_it),
        ("torch.load('x', weights_only=True)", test_no_file_is_loaded_in_a_way_that_can_run_it),
        ("np.load('x', allow_pickle=True)", test_no_file_is_loaded_in_a_way_that_can_run_it),
        ("subprocess.run('x', shell=True)", test_no_text_is_run_as_code_or_by_a_shell),
        ("eval('x')", test_no_text_is_run_as_code_or_by_a_shell),
        ("try: pass\nexcept: pass", test_no_error_is_caught_without_a_name),
        ("try: pass\nexcept (KeyError, Exception): pass", test_no_error_is_caught_without_a_name),
        ("with contextlib.suppress(Exception): pass", test_no_error_is_caught_without_a_name),
        (
            "path.with_name(f'.{path.name}.{os.getpid()}.partial')",
            test_only_files_makes_names_of_the_processs_number,
        ),
        ("name = '.x.' + str(os.getpid())", test_only_files_makes_names_of_the_processs_number),
        ("name = '.x.{}'.format(getpid())", test_only_files_makes_names_of_the_processs_number),
        ("def f():\n    global x", test_nothing_is_global),
        ("def f():\n    print('x')", test_only_the_command_line_prints),
    ],
)
def test_each_ban_sees_its_offence(code: str, test: object, monkeypatch: pytest.MonkeyPatch) -> None:
    offender = Module(modules()[0].path.with_name("offender.py"), ast.parse(code))
    monkeypatch.setattr("tests.house.test_bans.modules", lambda: (offender,))
    assert callable(test)
    with pytest.raises(AssertionError):
        test()
