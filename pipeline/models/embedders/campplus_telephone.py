"""The mean of CAM++'s vectors of speech in a telephone's band, for `NameCalibration.telephone_mean`."""

TELEPHONE_MEAN = (
    "gtKLvQs0H71s1DQ7MD5cvVaaAr3P1Nc7Tb1VvRHMST0t8by7BAPBvP0WKr3FYY47Tu9avQoxXb3Pry69vtDdPPOtPrvnuIk9rpXP"
    "Pe6dqbvQMt49JBLLPUH0NLwjuII9FIV8PHAX0rzaXZS9buHyO+impjvlP689eTLNvLJ5kjw204Q89t4YvXuMRTwoZdw98TCCvSFI"
    "ir1pLYw9X8n+vKvNwj36qZY9VLGNvZ8RdzxHekq6jR3JO2FngL2Cc+i5pB4fPZDysDtodEi8RdvCPDphQ713VhI9PNY0O693Uj2T"
    "iuQ9Qh3QvL/Xj708GJK9/voGPRfShLw1A7k8HY2XvIOPETyH95Y86gzPvMKXqb16mQG8GG29vDz7dT0bXmM8OkQgvYcDgbwxVrO9"
    "mnDDPIlUPTpC2LM8O7WkvdzEmr1KoS+9lc6mPfsko723Xno8+6uUOgsg87wuUcs9sOaAPHktdr2tScq92GEOvfTdqTxbViW9OorJ"
    "PQP4q7w824E9wQVSPOqowbwqOAi9u4WTPAL66rxlyJW9sBBwPNpgBr2ABks9bzeNulsdJ7rqajK7AyznvNkxt7uJOk277wmBvUfa"
    "MDzTNbm9Rj47vbzu/TubgXw9exgzPS7gujwFA669RCznvbfKEbxjDIg7uVyxvMqoQL31+Xo95bhTvACc87zYIKq8zSxpPTlBhrx1"
    "/7c9am58PXkrh7wqEEC8NCBfOx1FOr1arbu9h0ELvQDGbLs+8FQ8IOIUvKpPkz3uA/Q9cXR2u37uer0RrQk9cbovPdbQbjn7zUO9"
    "z5EkvWNg6r07WhA9rVowPLTrI73mqWo9dmwJvTwaVL2ybai9fSePvLIRhDxAlCI92i+OPXKdxD1dGoI8d4H0PJDNPb1SapU8GloH"
    "POUqNz0jlFA92tqFvfBPAr1jrx499lYTPQYAu7uND+88zTgYPXG/4ru2cJy9hd4JvU4BWz1E4LG8YALiPbQkYbwLgW68AGLluzzZ"
    "X72ocBw9wXEEvbnIWL21gi89"
)
"""Mean over 70 voices of LibriSpeech (CC BY 4.0), those of the part train with 8 s of speech or more; made by ``python
-m examples.benchmarks.names_bench --telephone-mean``. It is no one's voice print."""
