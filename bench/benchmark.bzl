"""A benchmark program and the test that runs it once at a tiny size."""

def benchmark(name, srcs, deps, args = [], data = []):
    """Declares the program NAME and the test NAME_smoke_test.

    Args:
      name: of the program; bazel run //bench:NAME.
      srcs: sources.
      deps: libraries, beside what every benchmark uses.
      args: what the program is run with, its $(rootpath ...) expanded.
      data: files that args name.
    """
    native.cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        args = args,
        data = data,
        deps = deps + [":report"],
    )
    native.sh_test(
        name = name + "_smoke_test",
        size = "small",
        srcs = ["smoke_test.sh"],
        args = ["$(rootpath :%s)" % name] + args,
        data = data + [":" + name],
        tags = ["bench_smoke"],
    )
