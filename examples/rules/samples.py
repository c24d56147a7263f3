"""A thousand samples of twenty values around four centres, with noise, as the table `mine.csv`: columns x0 to x19, and label."""

import csv
import random

random.seed(0)
centres = [[random.random() for _ in range(20)] for _ in range(4)]
with open("mine.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow([f"x{i}" for i in range(20)] + ["label"])
    for _ in range(1000):
        label = random.randrange(4)
        table.writerow([round(0.7 * x + 0.3 * random.random(), 3) for x in centres[label]] + [label])
