"""The side-by-side benchmark: `python -m benchmarks` (`--help` lists the works and the knobs).

What is asked: `workloads`, seeded answers and the text they add up to; `works`, the list of what is measured.
Who is asked: `floor`, `ours`, `peers`, one function per client and way of using it; `rows`, their list.
Where: `server` and `worker`, processes of their own; `processes` starts, asks and ends them; `watch` looks at
memory and loop from inside.
How it is told: `measure`, rounds and ratios; `imports`, fresh interpreters (`first_answer` runs in them);
`probe`, the server alone; `goals`, what the design asks; `report`, the tables; `chart`, the picture.
"""
