# Step time against the height of the tower, beside the paper's Figure 4.
#
# gnuplot -e "data='peers.tsv'; lines=8; image='step-time.svg'" plot.gnuplot
#
# `lines` is how many there are in each half: ours, with zeros and without, and the peers.

set terminal svg size 1000,600 font "sans-serif,12" background "white"
set output image
set datafile separator "\t"
set datafile missing "?"
set multiplot layout 1,2
set logscale y
set grid ytics
set key outside bottom center maxcols 2 font ",10"
set xlabel "height of the tower" offset 0,0.5
set ylabel "milliseconds a step"
set xrange [0:50]
set yrange [0.1:500]

# The paper's lines rise evenly from height 0 to 50.
sgd(x) = 17 + 13 * x / 50
adam(x) = 40 + 246 * x / 50

set title "SGD"
plot sgd(x) with lines dashtype 2 linecolor "gray50" title "paper, 2019", \
  for [i = 2:lines + 1] data using 1:i with linespoints linewidth (i == 2 ? 3 : 1) \
  title columnheader(i)
set title "Adam"
plot adam(x) with lines dashtype 2 linecolor "gray50" title "paper, 2019", \
  for [i = lines + 2:2 * lines + 1] data using 1:i with linespoints \
  linewidth (i == lines + 2 ? 3 : 1) title columnheader(i)
unset multiplot
