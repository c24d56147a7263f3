# 10: a sweep: two values of a key, two seeds, a row of the table for each run.
#
#     $ sh examples/10-sweep.sh
#     snip.pes.rate_shift,seed,rmse
#     8,0,0.058634923734588174
#     8,1,0.05793213680812193
#     10,0,0.06177899657977644
#     10,1,0.06143970727214416

set -eu
loihi sweep examples/06-sine.toml --set snip.pes.rate_shift=8,10 --seeds 2 --out rates.csv --quiet
cut -d , -f 4,5,8 rates.csv
