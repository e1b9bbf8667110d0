// What the reader of namespaces is tried on: first refers to second by a property, second to third in the body of an asynchronous method,
// third to first by an argument of a type; the fourth refers to all, and none to it.
namespace Round.First
{
    internal sealed class One
    {
        public Second.Two? Two { get; init; }
    }
}

namespace Round.Second
{
    internal sealed class Two
    {
        public static async Task<int> CountAsync()
        {
            await Task.Yield();
            return Third.Three.Count;
        }
    }
}

namespace Round.Third
{
    internal sealed class Three : List<First.One>
    {
        public static new int Count => 3;
    }
}

namespace Round.Fourth
{
    internal sealed class Four
    {
        public static object[] All => [new First.One(), new Second.Two(), new Third.Three()];
    }
}
