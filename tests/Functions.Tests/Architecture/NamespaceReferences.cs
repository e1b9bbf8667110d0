using System.Reflection;
using System.Reflection.Emit;

namespace Bibind.Functions.Tests.Architecture;

/// <summary>
/// Which namespace refers to which, read from compiled assemblies: base types, members, attributes, and what the bodies of methods
/// call, make and look at. Constants are not seen: the compiler copies them.
/// </summary>
internal sealed class NamespaceReferences
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OperandType> Operands = typeof(OpCodes).GetFields()
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(code => code.Value, code => code.OperandType);

    // From, to, and the types that refer.
    private readonly SortedDictionary<string, SortedDictionary<string, SortedSet<string>>> _references = new(StringComparer.Ordinal);
    private readonly string _root;

    private NamespaceReferences(string root) => _root = root;

    /// <summary>Reads the assemblies.</summary>
    /// <param name="root">The first word of the namespaces that count.</param>
    /// <param name="assemblies">What is read.</param>
    public static NamespaceReferences Read(string root, IEnumerable<Assembly> assemblies)
    {
        var references = new NamespaceReferences(root);
        foreach (var type in assemblies.SelectMany(a => a.GetTypes()))
        {
            references.Read(type);
        }

        return references;
    }

    /// <summary>The largest sets of namespaces that all lead to each other, each in order.</summary>
    public IReadOnlyList<IReadOnlyList<string>> FindCircles()
    {
        var reached = _references.Keys.ToDictionary(name => name, Reach, StringComparer.Ordinal);
        return
        [
            .. reached.Keys
                .Select(name => reached[name].Where(other => reached.TryGetValue(other, out var back) && back.Contains(name)).Order(StringComparer.Ordinal).ToList())
                .Where(circle => circle.Count > 1)
                .DistinctBy(circle => circle[0]),
        ];
    }

    /// <summary>The references within a circle, one a line, with types that make them.</summary>
    public string Describe(IReadOnlyList<string> circle) => string.Join(
        Environment.NewLine,
        from name in circle
        from other in _references[name]
        where circle.Contains(other.Key)
        select $"  {name} -> {other.Key}: {string.Join(", ", other.Value.Take(4))}{(other.Value.Count > 4 ? ", ..." : string.Empty)}");

    private HashSet<string> Reach(string from)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([from]);
        while (open.TryPop(out var name))
        {
            foreach (var next in _references.TryGetValue(name, out var others) ? others.Keys : Enumerable.Empty<string>())
            {
                if (reached.Add(next))
                {
                    open.Push(next);
                }
            }
        }

        return reached;
    }

    private void Read(Type type)
    {
        Add(type, type.BaseType);
        AddAll(type, type.GetInterfaces());
        AddAll(type, type.GetGenericArguments());
        AddAttributes(type, type);
        foreach (var member in type.GetMembers(Declared))
        {
            AddAttributes(type, member);
            switch (member)
            {
                case FieldInfo field:
                    Add(type, field.FieldType);
                    break;
                case MethodBase method:
                    AddSignature(type, method);
                    AddBody(type, method);
                    break;
                default:
                    break;
            }
        }
    }

    private void AddSignature(Type user, MethodBase method)
    {
        AddAll(user, method.GetParameters().Select(p => p.ParameterType));
        Add(user, (method as MethodInfo)?.ReturnType);
        if (method.IsGenericMethod)
        {
            AddAll(user, method.GetGenericArguments());
        }
    }

    private void AddAttributes(Type user, MemberInfo member)
    {
        foreach (var attribute in member.GetCustomAttributesData())
        {
            Add(user, attribute.AttributeType);
            AddAll(user, attribute.ConstructorArguments.Select(a => a.Value).OfType<Type>());
        }
    }

    private void AddBody(Type user, MethodBase method)
    {
        if (method.GetMethodBody() is not { } body || body.GetILAsByteArray() is not { } code)
        {
            return;
        }

        AddAll(user, body.LocalVariables.Select(l => l.LocalType));
        AddAll(user, body.ExceptionHandlingClauses.Where(c => c.Flags == ExceptionHandlingClauseOptions.Clause).Select(c => c.CatchType));
        var ofType = method.DeclaringType is { IsGenericType: true } generic ? generic.GetGenericArguments() : null;
        var ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        foreach (var token in Tokens(code))
        {
            AddMember(user, method.Module.ResolveMember(token, ofType, ofMethod));
        }
    }

    private void AddMember(Type user, MemberInfo? member)
    {
        switch (member)
        {
            case Type type:
                Add(user, type);
                break;
            case FieldInfo field:
                Add(user, field.DeclaringType);
                Add(user, field.FieldType);
                break;
            case MethodBase method:
                Add(user, method.DeclaringType);
                AddSignature(user, method);
                break;
            default:
                break;
        }
    }

    private static IEnumerable<int> Tokens(byte[] code)
    {
        for (var at = 0; at < code.Length;)
        {
            short value = code[at++];
            if (value == 0xfe)
            {
                value = (short)(0xfe00 | code[at++]);
            }

            switch (Operands[value])
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    yield return BitConverter.ToInt32(code, at);
                    at += 4;
                    break;
                case OperandType.InlineBrTarget or OperandType.InlineI or OperandType.InlineSig or OperandType.InlineString or OperandType.ShortInlineR:
                    at += 4;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    at += 8;
                    break;
                case OperandType.InlineVar:
                    at += 2;
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    at++;
                    break;
                case OperandType.InlineSwitch:
                    at += 4 + (4 * BitConverter.ToInt32(code, at));
                    break;
                default:
                    break;
            }
        }
    }

    private void AddAll(Type user, IEnumerable<Type?> used)
    {
        foreach (var type in used)
        {
            Add(user, type);
        }
    }

    private void Add(Type user, Type? used)
    {
        if (used is null || used.IsGenericParameter)
        {
            return;
        }

        if (used.HasElementType)
        {
            Add(user, used.GetElementType());
            return;
        }

        AddAll(user, used.IsConstructedGenericType ? used.GetGenericArguments() : []);
        if (IsOurs(user) && IsOurs(used) && user.Namespace != used.Namespace)
        {
            Of(Of(_references, user.Namespace!), used.Namespace!).Add(Outermost(user).Name);
        }
    }

    private bool IsOurs(Type type) => type.Namespace is { } name && (name == _root || name.StartsWith(_root + ".", StringComparison.Ordinal));

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static T Of<T>(SortedDictionary<string, T> values, string key)
        where T : new()
    {
        if (!values.TryGetValue(key, out var value))
        {
            values[key] = value = new T();
        }

        return value;
    }
}
