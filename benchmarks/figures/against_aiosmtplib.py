"""Messages a second against aiosmtplib with 50 connections: 20,000 distinct messages of 4 KiB."""

from benchmarks import data, rounds
from benchmarks.contenders import Aiosmtplib, Fastsmtp
from benchmarks.figure import Promise, against

PROMISE = Promise("messages/s, 4 KiB, as a multiple of aiosmtplib's", 5.0, at_least=True)

if __name__ == "__main__":
    against(PROMISE, Fastsmtp("group"), Aiosmtplib(), data.SMALL, rounds.speed)
