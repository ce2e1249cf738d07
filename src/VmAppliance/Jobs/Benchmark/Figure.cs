using System.Text.Json.Serialization;

namespace VmAppliance.Jobs.Benchmark;

/// <summary>What was measured of one way, several times.</summary>
/// <param name="Subject">What was measured.</param>
/// <param name="Way">Whose it is.</param>
/// <param name="Unit">ms or MiB.</param>
/// <param name="Median">The median.</param>
/// <param name="Least">The least.</param>
/// <param name="Most">The most.</param>
sealed record Figure(string Subject, string Way, string Unit, double Median, double Least, double Most)
{
    /// <summary>From asking to the job's first instruction, and until nothing is left of the machine.</summary>
    public const string First = "first instruction", Whole = "whole cycle";

    /// <summary>A step of a resumed cycle.</summary>
    public const string Step = "step of a cycle";
}

/// <summary>One thing being measured several times.</summary>
/// <param name="subject">What is measured.</param>
/// <param name="way">Whose it is.</param>
/// <param name="unit">ms or MiB.</param>
sealed class Measurements(string subject, string way, string unit = "ms")
{
    readonly List<double> _sorted = [];

    /// <summary>Whether they are of this subject, and of this way if one is named.</summary>
    public bool AreOf(string otherSubject, string? otherWay) => subject == otherSubject && (otherWay is null || way == otherWay);

    /// <summary>One more.</summary>
    public void Add(double measured)
    {
        var place = 0;
        while (place < _sorted.Count && _sorted[place] < measured)
            place++;
        _sorted.Insert(place, measured);
    }

    /// <summary>What came of them; there is one at least.</summary>
    public Figure Figure => new(subject, way, unit, (_sorted[(_sorted.Count - 1) / 2] + _sorted[_sorted.Count / 2]) / 2, _sorted[0], _sorted[^1]);
}

/// <summary>JSON of the figures.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(List<Figure>))]
sealed partial class FigureJson : JsonSerializerContext;
