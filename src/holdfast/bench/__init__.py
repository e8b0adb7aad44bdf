"""The programs behind `holdfast bench`. They read data from a path and ship none."""
