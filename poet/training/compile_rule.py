"""From which length on a training is compiled; a constant that an estimate also needs, without torch."""

# On a CPU, only trainings of more FLOPs than this are compiled: ten times those after which compiling has won its own
# time back (7e12 to 1e13, `python -m poet.benchmark.compiling`, docs/log.md). Before, a compiled training is a few
# percent faster at best. The default training has 3.7e13.
COMPILE_MIN_FLOPS = 1e14
