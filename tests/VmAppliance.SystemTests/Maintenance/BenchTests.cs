using System.Text.Json;
using System.Xml.Linq;
using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Maintenance;

/// <summary>bench measures real cycles, and another way beside them.</summary>
[ParallelLimiter<TwoMachines>]
sealed class BenchTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task EachWayIsMeasuredAndNothingIsLeft()
    {
        var node = Session.With("bench", "slots.count = 1");
        var (way, data, chart) = ($"{node.Home}/way.sh", $"{node.Home}/figures.json", $"{node.Home}/chart.svg");
        await File.WriteAllTextAsync(way, "#!/bin/sh\nsleep 0.3; echo started; sleep 0.2\n");
        File.SetUnixFileMode(way, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var table = await node.Maintenance("bench", "--image", TestNode.Image, "--rounds", "1", "--way", $"a<b={way}", "--json", data, "--chart", chart).Require();

        var figures = JsonDocument.Parse(await File.ReadAllBytesAsync(data)).RootElement.EnumerateArray()
            .ToDictionary(f => $"{f.GetProperty("subject").GetString()}: {f.GetProperty("way").GetString()}", f => f.GetProperty("median").GetDouble());
        await Assert.That(figures["first instruction: a<b"]).IsGreaterThanOrEqualTo(300);
        await Assert.That(figures["whole cycle: a<b"] - figures["first instruction: a<b"]).IsGreaterThanOrEqualTo(200);
        await Assert.That(figures["first instruction: native"]).IsLessThan(figures["first instruction: resumed"]);
        await Assert.That(figures["first instruction: cold"]).IsLessThan(figures["whole cycle: cold"]);
        await Assert.That(figures["first instruction: resumed"]).IsLessThan(figures["whole cycle: resumed"]);
        await Assert.That(figures["step of a cycle: own cpu"]).IsBetween(1, 1000);
        await Assert.That(figures["memory (PSS) of each of 1: resumed"]).IsBetween(16, 600);
        await Assert.That(figures.Keys).Contains("all of 1 at once have begun: a<b").And.Contains("step of a cycle: resume");
        await Assert.That(table).Contains("first instruction").And.Contains("cold");
        await Assert.That(XDocument.Load(chart).Root!.Elements().Count(e => e.Value == "a<b")).IsEqualTo(1);
        await Assert.That(node.Rests()).IsEmpty();
    }

    [Test]
    [Arguments("--way nothing", "measure, --way nothing: it is no NAME=PROGRAM")]
    [Arguments("--way x=/nonexistent", "measure, --way x=/nonexistent: it is no NAME=PROGRAM, or there is no such program")]
    [Arguments("--rounds 0", "measure, --rounds 0: at least one is needed")]
    public async Task WhatCannotBeMeasuredIsRefused(string words, string reason)
    {
        var result = await Session.Standard.Maintenance(["bench", "--image", TestNode.Image, .. words.Split(' ')]).Run();
        await Assert.That((result.Status, result.ErrorText.StartsWith($"vmappliance: {reason}", StringComparison.Ordinal))).IsEqualTo((64, true)).Because($"{result}");
    }

    [Test]
    public async Task AWayThatFailsIsTold()
    {
        var result = await Session.With("bench-false", "slots.count = 1").Maintenance("bench", "--image", TestNode.Image, "--rounds", "1", "--way", "no=/bin/false").Run();
        await Assert.That((result.Status, result.ErrorText)).IsEqualTo((1, "vmappliance: measure, no: it ended with status 1\n"));
    }
}
