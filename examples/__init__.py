"""Examples of the library; benchmarks and training scripts are in the two subpackages."""
