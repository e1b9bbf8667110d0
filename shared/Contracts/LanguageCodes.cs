using System.Text.RegularExpressions;

namespace Bibind.Contracts;

/// <summary>How languages are written: <c>fr_FR</c>, <c>es_419</c>, <c>sr@latin</c>.</summary>
public static partial class LanguageCodes
{
    /// <summary>What a code has to look like, for a message.</summary>
    public const string Rule = "must be the code of a language as the application writes it, such as fr_FR, es_419 or sr@latin";

    // The languages that Odoo 16 to 19 come with. Asked for another, it makes one up.
    private static readonly HashSet<string> Odoo = new(
        """
        am_ET ar_001 ar_SY az_AZ be_BY bg_BG bn_IN bs_BA ca_ES cs_CZ da_DK de_CH de_DE el_GR en_AU en_CA en_GB en_IN en_NZ en_US es_419 es_AR es_BO es_CL es_CO
        es_CR es_DO es_EC es_ES es_GT es_MX es_PA es_PE es_PY es_UY es_VE et_EE eu_ES fa_IR fi_FI fr_BE fr_CA fr_CH fr_FR gl_ES gu_IN he_IL hi_IN hr_HR hu_HU id_ID
        it_IT ja_JP ka_GE kab_DZ km_KH ko_KP ko_KR lb_LU lo_LA lt_LT lv_LV mk_MK ml_IN mn_MN ms_MY my_MM nb_NO nl_BE nl_NL pl_PL pt_AO pt_BR pt_PT ro_RO ru_RU sk_SK
        sl_SI sq_AL sr@Cyrl sr@latin sr_RS sv_SE sw te_IN th_TH tl_PH tr_TR uk_UA vi_VN zh_CN zh_HK zh_TW
        """.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries),
        StringComparer.Ordinal);

    /// <summary>True if the application comes with the language.</summary>
    public static bool IsKnown(string? code) => code is not null && Odoo.Contains(code);

    /// <summary>True for what may be the code of a language; templates may have languages of their own.</summary>
    public static bool IsWellFormed(string? code) => code is not null && (Odoo.Contains(code) || Code().IsMatch(code));

    [GeneratedRegex(@"\A[a-z]{2,3}(?:_(?:[A-Z]{2}|[0-9]{3}))(?:@[A-Za-z]{2,8})?\z|\A[a-z]{2,3}@[A-Za-z]{2,8}\z")]
    private static partial Regex Code();
}
