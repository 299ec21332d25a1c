"""From which length on a training is compiled; a constant that an estimate also needs, without torch."""

# On a CPU, only trainings of more FLOPs than this are compiled: twice those after which compiling has won its own time
# back (7e12 to 1e13, `python -m poet.benchmark.compiling`, docs/log.md). The default training has 4.4e13. Whether an
# earlier training has left compiled code (`compile_cache`) does not count: compiled code rounds otherwise, and the same
# parameters must give the same model on the first day and on the second.
COMPILE_MIN_FLOPS = 2e13
