"""scenario_test: a scenario as a test."""

def scenario_test(name, scenario, size = "small", tags = []):
    """Checks a scenario against its goldens and its `expect` blocks.

    `iovalab check` is the test. To rewrite the goldens, NAME.trace and
    NAME.table beside the scenario:

        ./iovalab check --update scenarios/FOLDER/NAME.textproto

    Args:
      name: of the test and its goldens.
      scenario: the .textproto file, NAME.textproto.
      size: as for any test.
      tags: as for any test.
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//cli:iovalab"],
        args = ["check", "$(rootpath %s)" % scenario],
        data = [scenario] + native.glob([name + ".trace", name + ".table"]),
        tags = tags,
    )
