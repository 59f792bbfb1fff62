"""scenario_test: a scenario as a test, and the way to renew its goldens."""

def scenario_test(name, scenario, size = "small", tags = []):
    """Runs a scenario and compares what it does with its goldens.

    Beside the BUILD file: NAME.trace is the trace of the scenario's base
    policies, NAME.table what `iovalab compare` prints. The test also fails when
    an `expect` block of the scenario does.

        bazel test //scenarios/alias:NAME
        bazel run //scenarios/alias:NAME.update

    The second rewrites the goldens in the source tree, never the scenario.

    Args:
      name: of the test and its goldens.
      scenario: label of the .textproto file.
      size: as for any test.
      tags: as for any test.
    """
    goldens = native.glob([name + ".trace", name + ".table"])
    program = "//cli:iovalab"
    args = [
        "$(rootpath %s)" % program,
        "$(rootpath %s)" % scenario,
        native.package_name(),
        name,
    ]
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tools:golden_test.sh"],
        args = args,
        data = [program, scenario, "//tools:golden_lib.sh"] + goldens,
        tags = tags,
    )
    native.sh_binary(
        name = name + ".update",
        testonly = True,
        srcs = ["//tools:golden_update.sh"],
        args = args,
        data = [program, scenario, "//tools:golden_lib.sh"],
    )
