import type { editor as english } from '../en/editor.ts'
import type { Translation } from '../say.ts'

/** The text itself: what is drawn in it, and what a screen reader says of it. */
export const editor = {
  'editor.label': 'نص قيد التفاوض: {title}',
  'editor.article': 'المادة {number}. {title}',
  'editor.annex': 'المرفق {number}. {title}',
  'editor.preamble': 'الديباجة',
  'editor.here': '{name} هنا',
  'editor.row': 'البند {number}، {state}',
  'editor.row-here': 'البند {number}، {state}. هنا: {names}',
  'editor.not-sent': 'لم يُرسل بعد',
  'editor.state-unsent': '{state}، لم يُرسل بعد',
  'editor.bracket': 'قوس، {parties}:',
  'editor.bracket-end': 'نهاية القوس',
  'editor.struck': 'اقترح حذفه: {parties}',
  'editor.disputed': 'لم يقبله: {parties}',
  'editor.struck-start': 'مقترح حذفه، {parties}:',
  'editor.struck-end': 'نهاية المقترح حذفه',
  'editor.disputed-start': 'قوس، غير مقبول، {parties}:',
  'editor.locked': 'أقفل فريق الوساطة هذا البند. لا تتغير كلمة منه حتى يفتح قفله.',
  'editor.read-only': 'يمكنكم هنا القراءة لا الكتابة.',
  'editor.not-written': 'تعذرت كتابة هذا هنا.',
  'editor.pasted': {
    zero: 'لم تُلصق أي فقرة.',
    one: 'فقرة ملصقة واحدة في بند واحد.',
    two: 'فقرتان ملصقتان في بند واحد.',
    few: '{count} فقرات ملصقة في بند واحد.',
    many: '{count} فقرة ملصقة في بند واحد.',
    other: '{count} فقرة ملصقة في بند واحد.',
  },
  'editor.make-clauses': {
    zero: 'لا بند يُنشأ',
    one: 'جعلها بنداً واحداً',
    two: 'جعلها بندين',
    few: 'جعلها {count} بنود',
    many: 'جعلها {count} بنداً',
    other: 'جعلها {count} بند',
  },
  'editor.keep-one': 'إبقاؤها بنداً واحداً',
  'editor.format-own': 'لا يمكن إبراز إلا كلماتكم بالخط العريض أو المائل.',
} as const satisfies Translation<typeof english, 'ar'>
